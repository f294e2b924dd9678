"""GET /queues: how long the line is, and who works on it."""

from flask import Response
from flask_openapi3 import Tag

from api.bodies import QueueList, answer
from api.context import context
from api.openapi import body, refusals
from api.routes import Routes
from contract.errors import QueueUnavailable
from contract.presence import present, serving

TAG = Tag(name="queues", description="How long the lines are, and who works on them.")
api = Routes("queues", __name__, abp_tags=[TAG])


@api.get(
    "/queues",
    operation_id="queues",
    summary="Each model's queue and workers now",
    responses={200: body(QueueList, "The queues."), **refusals(QueueUnavailable)},
)
def index() -> Response:
    here = context()
    workers = serving(present(here.store.redis))
    rows = [{"model": model, "waiting": here.store.waiting(model), "workers": workers[model]} for model in here.cards]
    return answer({"queues": rows})
