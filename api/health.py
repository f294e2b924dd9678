"""Is it alive, and does it work."""

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel

from api.bodies import answer
from api.context import context
from contract.errors import QueueUnavailable
from contract.presence import present

api = APIBlueprint("health", __name__)


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    ready: bool
    redis: bool
    models: dict[str, int]
    missing: list[str]


@api.get("/healthz", summary="The API is alive", responses={200: Health})
def healthz() -> Response:
    return answer({"status": "ok"})


@api.get("/readyz", summary="Redis answers and workers consume", responses={200: Readiness, 503: Readiness})
def readyz() -> Response:
    here = context()
    try:
        workers = present(here.store.redis)
    except QueueUnavailable:
        body = {"ready": False, "redis": False, "models": {}, "missing": list(here.cards)}
        return answer(body, 503, {"Retry-After": "5"})
    counts = {name: sum(name in worker.models for worker in workers) for name in here.cards}
    missing = [name for name, count in counts.items() if not count]
    body = {"ready": not missing, "redis": True, "models": counts, "missing": missing}
    return answer(body, 503 if missing else 200, {"Retry-After": "5"} if missing else None)
