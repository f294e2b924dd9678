"""Images to the workers and answers back over HTTP."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from cli.carrier import vanished
from client import Client, Job
from contract.errors import JobGone, KerasqError, UnknownJob
from contract.images import encode
from contract.jobs import Result, Status, new_id, unanswered
from contract.withdraw import withdraw


class HttpCarrier:
    """Sends the decoded pixels as PNGs: lossless, so that the answers are those of the pixels, and small.

    What is one job here is several on a server that takes fewer images at once.
    """

    def __init__(self, client: Client, *, model: str, top: int) -> None:
        self._client, self._model, self._top = client, model, top
        self._open: dict[str, list[Job]] = {}

    def send(self, pixels: np.ndarray) -> str:
        key = new_id()
        jobs = self._open[key] = []
        for job in self._client.submit_all(map(encode, pixels), self._model, self._top, bulk=True):
            jobs.append(job)  # one by one: if the next one fails, `close` takes back those before
        return key

    def fetch(self, job_id: str, timeout: float) -> Sequence[Result] | None:
        jobs = self._open[job_id]
        for position, job in enumerate(jobs):
            if not job.settled:
                jobs[position] = self._now(job, timeout)
            if not jobs[position].settled:
                return None
        for job in self._open.pop(job_id):
            with suppress(KerasqError):  # the answers are here; the record goes by itself when its time is over
                self._client.forget(job.id)
        return [each or unanswered(job.id, job.status) for job in jobs for each in job.results]

    def close(self) -> None:
        withdraw(self._client.cancel, [job.id for jobs in self._open.values() for job in jobs])

    def _now(self, job: Job, timeout: float) -> Job:
        """The job after at most `timeout` seconds; one that has vanished as one that expired."""
        try:
            return self._client.job(job.id, wait=timeout)
        except (UnknownJob, JobGone) as error:
            return replace(job, status=Status.EXPIRED, results=(vanished(error),) * job.images)
