"""The Open Inference Protocol, version 2, over REST: existing clients, the same queue.

Only what the protocol requires: no binary tensors, no model versions in the path.
"""

import math
from collections import Counter
from contextlib import suppress
from typing import cast

import numpy as np
from flask import Response, current_app, request
from flask_openapi3 import OpenAPI, Tag
from flask_openapi3.types import ResponseDict

from api import tensors
from api.bodies import answer
from api.context import Context, context
from api.gate import demand_key, limit_rate
from api.health import AGAIN, workers
from api.openapi import KEY, RATE, body, ref, refusals
from api.parameters import ModelPath
from api.received import demand_few, whole
from api.routes import Routes
from contract import errors
from contract.errors import KerasqError, NotInTime, QueueUnavailable
from contract.jobs import Job, Record
from contract.presence import serving

TAG = Tag(name="v2", description="The Open Inference Protocol, version 2.")
api = Routes("v2", __name__, url_prefix="/v2", abp_tags=[TAG])
INFER = {"required": True, "content": {"application/json": {"schema": ref(tensors.InferRequest)}}}


@api.get(
    "", operation_id="v2_server", summary="The server", responses={200: body(tensors.ServerMetadata, "What it is.")}
)
def server() -> Response:
    info = cast(OpenAPI, current_app).info
    return answer({"name": info.title, "version": info.version, "extensions": []})


@api.get("/health/live", operation_id="v2_live", summary="Alive", responses={200: body(tensors.Live, "It is.")})
def live() -> Response:
    return answer({"live": True})


READY: ResponseDict = {200: body(tensors.Ready, "Yes."), 503: body(tensors.Ready, "No.", "Retry-After")}


@api.get("/health/ready", operation_id="v2_ready", summary="Every model has a worker", responses=READY)
def ready() -> Response:
    return _ready(set(context().cards))


@api.get(
    "/models/<string:model>/ready",
    operation_id="v2_model_ready",
    summary="The model has a worker",
    responses={**READY, **refusals(errors.UnknownModel)},
)
def model_ready(path: ModelPath) -> Response:
    return _ready({context().cards[path.model].name})


def _ready(wanted: set[str]) -> Response:
    try:
        served = serving(workers())
    except QueueUnavailable:
        served = Counter()
    missing = wanted - served.keys()
    return answer({"ready": not missing}, 503 if missing else 200, AGAIN if missing else None)


@api.get(
    "/models/<string:model>",
    operation_id="v2_model",
    summary="A model's tensors",
    responses={200: body(tensors.ModelMetadata, "What goes in and comes out."), **refusals(errors.UnknownModel)},
)
def model(path: ModelPath) -> Response:
    return answer(tensors.metadata(context().cards[path.model]))


@api.post(
    "/models/<string:model>/infer",
    operation_id="v2_infer",
    summary="Pixels in, probabilities out",
    security=KEY,
    openapi_extensions={"requestBody": INFER},
    responses={
        200: body(tensors.InferResponse, "The probabilities.", *RATE),
        **refusals(
            *(errors.BadRequest, errors.Unauthorized, errors.UnknownModel, errors.TooLarge, errors.InvalidRequest),
            *(
                errors.UnsupportedMediaType,
                errors.TooManyRequests,
                errors.EngineError,
                errors.QueueFull,
                errors.QueueUnavailable,
                errors.NotInTime,
            ),
        ),
    },
)
def infer(path: ModelPath) -> Response:
    demand_key()
    limit_rate()
    here = context()
    card, content = here.cards[path.model], whole(request)
    demand_few(content, (here.settings.max_images + 1) * math.prod(card.input.shape))
    asked = tensors.read(content)
    pixels = tensors.pixels(asked.inputs[0], card, here.settings.max_images)
    record = _run(Job(model=card.name, images=len(pixels), top=len(card.labels)), pixels, here)
    return answer(tensors.answered(asked, card, record))


def _run(job: Job, pixels: np.ndarray, here: Context) -> Record:
    """The record of a job that has ended, and is forgotten since its only reader has it. Raises NotInTime."""
    with here.notices.watch(job.id) as watch:
        here.submitter.submit(job, pixels)
        # Also while the server stops: there is no id with which the client could come back.
        record = watch.settled(here.settings.max_wait_s, patient=True)
    with suppress(KerasqError):  # it would go by itself in time; the answer is there
        here.store.forget(job.id)
    if not record.status.settled:
        raise NotInTime(
            f"no answer within {here.settings.max_wait_s:g} s; `GET /readyz` says whether a worker is there"
        )
    return record
