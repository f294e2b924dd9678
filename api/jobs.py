"""GET /jobs and what can be done to one."""

import time
from collections.abc import Iterator

import orjson
from flask import Response
from flask_openapi3 import Tag
from pydantic import Field

from api.bodies import JobBody, JobPage, answer, job_body
from api.context import Context, context
from api.gate import demand_key
from api.openapi import EVENT, KEY, body, refusals, stream
from api.parameters import Parameters
from api.routes import Routes
from api.waiting import waited
from contract.errors import InvalidRequest, JobGone, JobSettled, QueueUnavailable, Unauthorized, UnknownJob
from contract.jobs import Record
from contract.notices import LOOK_AGAIN

TAG = Tag(name="jobs", description="Follow jobs, take them back, forget them.")
ALWAYS = (Unauthorized, QueueUnavailable)
ABOUT_ONE = (*ALWAYS, UnknownJob, JobGone)
api = Routes("jobs", __name__, url_prefix="/jobs", abp_tags=[TAG], abp_security=KEY)
api.before_request(demand_key)
#: An open event stream says something at least this often, in seconds, so that nothing between takes it for dead.
STILL_HERE = 15.0


class JobPath(Parameters):
    job_id: str = Field(description="The id that the submission answered.")


class WaitQuery(Parameters):
    wait: float = Field(0, ge=0, description="Hold the request until the job has ended, at most so many seconds.")


class PageQuery(Parameters):
    page: str | None = Field(None, pattern=r"^[0-9a-f-]{36}$", description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=500, description="Most jobs on a page.")


@api.get(
    "",
    operation_id="jobs",
    summary="List jobs, newest first",
    responses={200: body(JobPage, "A page of them."), **refusals(*ALWAYS, InvalidRequest)},
)
def index(query: PageQuery) -> Response:
    records, following = context().store.page(query.limit, query.page)
    return answer({"jobs": [job_body(each, results=False) for each in records], "next": following})


@api.get(
    "/<string:job_id>",
    operation_id="job",
    summary="Follow a job",
    responses={
        200: body(JobBody, "The job, with its results once it has ended."),
        **refusals(*ABOUT_ONE, InvalidRequest),
    },
)
def show(path: JobPath, query: WaitQuery) -> Response:
    return answer(job_body(_awaited(context(), path.job_id, query.wait)))


def _awaited(here: Context, job_id: str, wait: float) -> Record:
    if not wait:
        return here.store.get(job_id)
    with here.notices.watch(job_id) as watch:
        record = here.store.get(job_id)
        return record if record.status.settled else waited(watch, record, min(wait, here.settings.max_wait_s))


@api.post(
    "/<string:job_id>/cancel",
    operation_id="cancel",
    summary="Cancel a job",
    responses={200: body(JobBody, "The job, cancelled."), **refusals(*ABOUT_ONE, JobSettled)},
)
def cancel(path: JobPath) -> Response:
    context().store.cancel(path.job_id)
    return answer(job_body(context().store.get(path.job_id)))


@api.delete(
    "/<string:job_id>",
    operation_id="forget",
    summary="Forget a job and its results",
    responses={204: None, **refusals(*ABOUT_ONE)},
)
def forget(path: JobPath) -> Response:
    context().store.forget(path.job_id)
    return Response(status=204)


@api.get(
    "/<string:job_id>/events",
    operation_id="events",
    summary="A job's progress as server-sent events",
    responses={
        200: stream("Events: progress, then done or gone.", "text/event-stream", schema=EVENT),
        **refusals(*ABOUT_ONE),
    },
)
def events(path: JobPath) -> Response:
    here = context()
    first = here.store.get(path.job_id)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Response(_events(here, first), headers=headers, mimetype="text/event-stream")


def _events(here: Context, record: Record) -> Iterator[bytes]:
    """A `progress` event for each change, then `done` with the whole job, unless the server stops before."""
    with here.notices.watch(record.job.id, client=False) as watch:
        said, spoken_at = None, time.monotonic()
        while not record.status.settled and not watch.released:
            now = record.status, record.done_images, record.position
            if now != said:
                said, spoken_at = now, time.monotonic()
                yield _event("progress", job_body(record))
            elif time.monotonic() - spoken_at > STILL_HERE:
                spoken_at = time.monotonic()
                yield b": still here\n\n"
            try:
                record = watch.change(LOOK_AGAIN)
            except (UnknownJob, JobGone) as error:
                yield _event("gone", {"detail": str(error)})
                return
            except QueueUnavailable:  # what follows is told once it is back
                continue
        if record.status.settled:
            yield _event("done", job_body(record))


def _event(name: str, body: dict) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(body) + b"\n\n"
