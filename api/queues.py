"""GET /queues: how long the line is, and who works on it."""

from flask import Response

from api.bodies import QueueList, answer
from api.context import context
from api.problems import Problem
from api.routes import Routes
from contract.presence import present

api = Routes("queues", __name__)


@api.get("/queues", summary="Each model's queue and workers now", responses={200: QueueList, 503: Problem})
def index() -> Response:
    here = context()
    workers = present(here.store.redis)
    rows = []
    for model in here.cards:
        serving = sum(model in worker.models for worker in workers)
        rows.append({"model": model, "waiting": here.store.waiting(model), "workers": serving})
    return answer({"queues": rows})
