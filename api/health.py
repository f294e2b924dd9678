"""Is it alive, and does it work."""

from flask import Response
from flask_openapi3 import Tag
from flask_openapi3.types import ResponseDict
from gevent import Timeout

from api.bodies import Health, Readiness, answer
from api.context import context
from api.openapi import body
from api.problems import unserved
from api.routes import Routes
from contract.errors import BadSetting, QueueUnavailable
from contract.presence import Presence, present, serving

api = Routes("health", __name__, abp_tags=[Tag(name="health", description="Is it alive, and does it work.")])
#: Seconds after which a Redis that does not answer counts as away; whoever asks for health waits no longer.
PATIENCE = 2.0
#: When to ask again whether all is well.
AGAIN = {"Retry-After": str(QueueUnavailable.retry_after)}
READY: ResponseDict = {200: body(Readiness, "Yes."), 503: body(Readiness, "No.", "Retry-After")}


@api.get("/healthz", operation_id="healthz", summary="The API is alive", responses={200: body(Health, "It is.")})
def healthz() -> Response:
    return answer({"status": "ok"})


@api.get("/readyz", operation_id="readyz", summary="Redis answers and workers consume", responses=READY)
def readyz() -> Response:
    here = context()
    try:
        served = serving(workers())
    except QueueUnavailable:
        facts = {"ready": False, "redis": False, "models": {}, "missing": list(here.cards)}
        return answer(facts, 503, AGAIN)
    counts = {name: served[name] for name in here.cards}
    missing = [name for name, count in counts.items() if not count]
    facts = {"ready": not missing, "redis": True, "models": counts, "missing": missing}
    return answer(facts, 503 if missing else 200, AGAIN if missing else None)


def workers() -> list[Presence]:
    """The workers that are there. Raises QueueUnavailable, also where Redis does not serve this API."""
    try:
        with Timeout(PATIENCE, QueueUnavailable(f"Redis does not answer within {PATIENCE:g} s")):
            return present(context().store.redis)
    except BadSetting as error:
        raise unserved(error) from error
