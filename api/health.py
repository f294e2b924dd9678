"""Is it alive, and does it work."""

from flask import Response
from flask_openapi3 import Tag
from flask_openapi3.types import ResponseDict

from api.bodies import Health, Readiness, answer
from api.context import context
from api.openapi import body
from api.routes import Routes
from contract.errors import QueueUnavailable
from contract.presence import present, serving

api = Routes("health", __name__, abp_tags=[Tag(name="health", description="Is it alive, and does it work.")])
READY: ResponseDict = {200: body(Readiness, "Yes."), 503: body(Readiness, "No.", "Retry-After")}


@api.get("/healthz", operation_id="healthz", summary="The API is alive", responses={200: body(Health, "It is.")})
def healthz() -> Response:
    return answer({"status": "ok"})


@api.get("/readyz", operation_id="readyz", summary="Redis answers and workers consume", responses=READY)
def readyz() -> Response:
    here = context()
    try:
        workers = present(here.store.redis)
    except QueueUnavailable:
        body = {"ready": False, "redis": False, "models": {}, "missing": list(here.cards)}
        return answer(body, 503, {"Retry-After": "5"})
    served = serving(workers)
    counts = {name: served[name] for name in here.cards}
    missing = [name for name, count in counts.items() if not count]
    body = {"ready": not missing, "redis": True, "models": counts, "missing": missing}
    return answer(body, 503 if missing else 200, {"Retry-After": "5"} if missing else None)
