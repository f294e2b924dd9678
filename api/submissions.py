"""POST /<model>: images in, a job out."""

import hashlib
from contextlib import suppress
from dataclasses import replace

import numpy as np
from flask import Response, g, request
from flask_openapi3 import Tag
from flask_openapi3.types import ResponseDict
from pydantic import Field

from api.addresses import resolve
from api.bodies import JobBody, answer, job_body
from api.context import Context, context
from api.decoding import decoded
from api.gate import demand_key, limit_rate
from api.openapi import KEY, LINKS, RATE, SUBMISSION, body, refusals
from api.parameters import ModelPath, Parameters
from api.preferences import Preferences
from api.routes import Routes
from api.uploads import Upload, uploads
from api.waiting import waited
from contract import errors
from contract.card import Card
from contract.errors import (
    InvalidRequest,
    JobGone,
    KeyReused,
    NoUsableImage,
    QueueFull,
    QueueUnavailable,
    TooLarge,
    UnknownJob,
    UnusableImage,
)
from contract.jobs import TOP, Job, Record

#: Seconds by which a job's deadline, which counts from its record, may come after that of its callback.
SLOWEST_WRITE = 60.0
TAG = Tag(name="submit", description="Images in, a job out.")
api = Routes("submissions", __name__, abp_tags=[TAG], abp_security=KEY)
api.before_request(demand_key)
api.before_request(limit_rate)


class SubmitQuery(Parameters):
    top: int | None = Field(
        None,
        ge=1,
        description=f"Predictions to give for each image, at most as many as the model has classes; {TOP} unless said.",
    )
    bulk: bool = Field(False, description="Let the job wait until no job without this waits for the model.")
    callback_url: str | None = Field(
        None, max_length=600, description="Where to POST the job, signed, once it has ended."
    )


class SubmitHeaders(Parameters):
    prefer: str = Field("", alias="Prefer", description="`wait=N` holds the request up to N seconds (RFC 7240).")
    idempotency_key: str | None = Field(
        None, alias="Idempotency-Key", min_length=1, max_length=255, description="The same key names the same job."
    )


RESPONSES: ResponseDict = {
    200: {**body(JobBody, "The job has ended.", "Location", "Preference-Applied", *RATE), "links": LINKS},
    202: {
        **body(JobBody, "The job is queued.", "Location", "Retry-After", "Preference-Applied", *RATE),
        "links": LINKS,
    },
    **refusals(
        *(errors.BadRequest, errors.Unauthorized, errors.UnknownModel, errors.UnknownKey, errors.TooLarge),
        *(errors.UnsupportedMediaType, errors.NotAnImage, errors.InvalidRequest),
        *(UnusableImage, NoUsableImage, errors.KeyReused),
        *(errors.TooManyRequests, errors.QueueFull, errors.QueueUnavailable),
    ),
}


@api.post(
    "/<model:model>",
    operation_id="submit",
    summary="Submit images",
    responses=RESPONSES,
    openapi_extensions={"requestBody": SUBMISSION},
)
def submit(path: ModelPath, query: SubmitQuery, header: SubmitHeaders) -> Response:
    here = context()
    if query.callback_url is not None:
        _demand_callable(query.callback_url, here)
    job, pixels = _job(here.cards[path.model], uploads(request, here.settings), query, here)
    preferences = Preferences.read(header.prefer, here.settings.max_wait_s)
    record = _queued(job, pixels, header.idempotency_key, preferences.wait, here)
    return _answer(record, preferences)


def _job(card: Card, images: list[Upload], query: SubmitQuery, here: Context) -> tuple[Job, np.ndarray]:
    """A job of the images that can be used, and their pixels.

    Raises InvalidRequest for a `top` that the model has not, and what `decoded` raises, or a lone image's error.
    """
    top = min(TOP, len(card.labels)) if query.top is None else query.top
    if top > len(card.labels):
        raise InvalidRequest(f"top: {card.name} has {len(card.labels)} classes, found {top}")
    pixels, refused = decoded(images, card.input, here.settings.max_pixels)
    if not len(pixels):
        error = NoUsableImage(f"none of the {len(images)} images can be used; the first: {refused[0][1]}")
        error.errors = list(refused.values())
        raise error
    names = tuple(image.name or "" for image in images) if any(image.name for image in images) else ()
    job = Job(
        model=card.name,
        images=len(images),
        top=top,
        names=names,
        refused=refused,
        bulk=query.bulk,
        callback_url=query.callback_url,
    )
    return job, pixels


def _demand_callable(url: str, here: Context) -> None:
    """Raises InvalidRequest for a URL that may not be called."""
    if not here.settings.callback_secret:
        raise InvalidRequest("callback_url: none are called, since KERASQ_CALLBACK_SECRET is not set to sign with")
    resolve(url, allow_private=here.settings.callback_private)


def _queued(job: Job, pixels: np.ndarray, key: str | None, wait: float, here: Context) -> Record:
    """Queue the job, or find the one that an Idempotency-Key already made; its record after at most `wait` seconds."""
    owned = f"{g.owner or ''} {key}"  # one client's keys are not another's
    asked = _fingerprint(job, pixels) if key else b""
    first_id = here.store.reserve(owned, asked, job.id) if key else job.id
    if again := first_id != job.id:
        job = replace(job, id=first_id)
    with here.notices.watch(job.id) as watch:
        known = _already(job.id, here) if again else None
        try:
            record = known or _submitted(job, pixels, here)
        except (QueueFull, TooLarge):  # nothing of a refused job is kept
            if job.callback_url:
                here.outbox.refuse(job.id)
            if key and not again:
                here.store.release(owned, job.id)
            raise
        # It is accepted, whatever becomes of Redis and of the key now.
        with suppress(QueueUnavailable, QueueFull, KeyReused):
            if again and not known:  # who bound the key was refused, and may have freed it since
                here.store.reserve(owned, asked, job.id)
        return waited(watch, record, wait) if wait and not record.status.settled else record


def _already(job_id: str, here: Context) -> Record | None:
    try:
        return here.store.get(job_id)
    except (UnknownJob, JobGone):  # it never came to be, or is no longer known: this submit takes its place
        return None


def _submitted(job: Job, pixels: np.ndarray, here: Context) -> Record:
    if job.callback_url:  # before the job, which could end before this otherwise; for none, nobody is called
        slack = min(SLOWEST_WRITE, here.settings.result_ttl_s / 2)  # its record must still be there
        here.outbox.enter(job.id, job.submitted_at + here.settings.job_ttl_s + slack)
    here.submitter.submit(job, pixels)
    return Record.fresh(job)


def _fingerprint(job: Job, pixels: np.ndarray) -> bytes:
    """What makes two submits the same: all that was asked for."""
    facts = (job.model, job.top, job.names, sorted(job.refused.items()), job.bulk, job.callback_url)
    return repr(facts).encode() + hashlib.sha256(pixels.tobytes()).digest()


def _answer(record: Record, preferences: Preferences) -> Response:
    done = record.status.settled
    headers = {"Location": f"/jobs/{record.job.id}", **preferences.applied(waited=done and preferences.wait > 0)}
    if not done:
        headers["Retry-After"] = "1"
    return answer(job_body(record), 200 if done else 202, headers)
