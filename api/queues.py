"""GET /queues: how long the line is, and who works on it."""

from flask import Response

from api.bodies import QueueList, answer
from api.context import context
from api.problems import Problem
from api.routes import Routes
from contract.presence import present, serving

api = Routes("queues", __name__)


@api.get("/queues", summary="Each model's queue and workers now", responses={200: QueueList, 503: Problem})
def index() -> Response:
    here = context()
    workers = serving(present(here.store.redis))
    rows = [{"model": model, "waiting": here.store.waiting(model), "workers": workers[model]} for model in here.cards]
    return answer({"queues": rows})
