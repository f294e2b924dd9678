"""POST /<model>: images in, a job out."""

import hashlib
from dataclasses import replace

import numpy as np
from flask import Response, request
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from api.bodies import JobBody, answer, job_body
from api.context import Context, context
from api.preferences import wait_seconds
from api.problems import Problem
from api.uploads import Upload, uploads
from contract.card import Card
from contract.errors import BadRequest, KerasqError, UnknownJob, UnusableImage
from contract.images import decode
from contract.jobs import Job, Record, Status

api = APIBlueprint("submissions", __name__)


class ModelPath(BaseModel):
    model: str = Field(description="A model's name.")


class SubmitQuery(BaseModel):
    top: int = Field(3, ge=1, description="How many predictions to give for each image.")


class NoUsableImage(UnusableImage):
    """None of the request's images can be used."""

    title = "No usable image"

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(f"none of the {len(errors)} images can be used; the first: {errors[0][1]}")
        self.extensions = {"errors": [{"title": title, "detail": detail} for title, detail in errors]}


@api.post("/<string:model>", summary="Submit images", responses={200: JobBody, 202: JobBody, 422: Problem})
def submit(path: ModelPath, query: SubmitQuery) -> Response:
    here = context()
    card = here.cards[path.model]
    job, pixels = make_job(card, uploads(request, here.settings), query.top, here)
    return _answer(*_queued(job, pixels, here))


def make_job(card: Card, images: list[Upload], top: int, here: Context) -> tuple[Job, np.ndarray]:
    """A job of the images that can be used, and their pixels. Raises a lone image's error, or NoUsableImage."""
    if top > len(card.labels):
        raise BadRequest(f"top={top} is more than the {len(card.labels)} classes of {card.name}")
    size = card.input.height, card.input.width
    pixels, refused = [], {}
    for position, image in enumerate(images):
        try:
            if isinstance(image.content, KerasqError):
                raise image.content
            pixels.append(decode(image.content, size, max_pixels=here.settings.max_pixels))
        except KerasqError as error:
            if len(images) == 1:
                raise
            refused[position] = error.title, str(error)
    if not pixels:
        raise NoUsableImage(list(refused.values()))
    names = tuple(image.name or "" for image in images) if any(image.name for image in images) else ()
    return Job(model=card.name, images=len(images), top=top, names=names, refused=refused), np.stack(pixels)


def _queued(job: Job, pixels: np.ndarray, here: Context) -> tuple[Record, bool]:
    """Queue the job, or find the one that an Idempotency-Key already made; its record, and whether a wait was met."""
    wait = wait_seconds(request.headers.get("Prefer"), here.settings.max_wait_s)
    if key := request.headers.get("Idempotency-Key"):
        asked = f"{job.model} {job.top} {job.names} {hashlib.sha256(pixels.tobytes()).hexdigest()}"
        first_id = here.store.reserve(key, asked.encode(), job.id)
        if first_id != job.id:
            try:
                return here.store.get(first_id), False
            except UnknownJob:  # its submit never came to an end, so this one takes its place
                job = replace(job, id=first_id)
    with here.notices.watch(job.id) as watch:
        here.submitter.submit(job, pixels)
        if wait:
            record = watch.settled(wait)
            return record, record.status.settled
    return Record.fresh(job), False


def _answer(record: Record, waited: bool) -> Response:
    headers = {"Location": f"/jobs/{record.job.id}"}
    if waited:
        return answer(job_body(record), 200, headers | {"Preference-Applied": "wait"})
    if record.status in (Status.QUEUED, Status.RUNNING):
        headers["Retry-After"] = "1"
    return answer(job_body(record), 202, headers)
