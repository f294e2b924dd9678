"""How images reach the workers and answers come back. Redis is here; HTTP is beside it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Protocol

import numpy as np

from cli.patience import Patience
from contract.errors import JobGone, KerasqError, UnknownJob
from contract.jobs import Job, Result, unanswered
from contract.notices import Notices, Watch
from contract.store import Store
from contract.submit import Submitter
from contract.withdraw import withdraw


class Carrier(Protocol):
    """Takes jobs to the workers of one model and brings the answers back."""

    def send(self, pixels: np.ndarray) -> str:
        """Queue a job of uint8 (N, height, width, channels); its id.

        Raises QueueFull or QueueUnavailable in the end.
        """

    def fetch(self, job_id: str, timeout: float) -> Sequence[Result] | None:
        """The answers, one an image, in order; None if there are none after `timeout` seconds.

        A job that will never be answered has an error for each image. What was fetched is forgotten.
        """

    def close(self) -> None:
        """Take back whatever is under way."""


def vanished(error: KerasqError) -> Result:
    """The answer for each image of a job that is not there any more."""
    return Result(error=("Job lost", f"the job vanished before its answer came: {error}"))


class RedisCarrier:
    """Straight to the queue, as the API does it."""

    def __init__(
        self, store: Store, submitter: Submitter, notices: Notices, *, model: str, top: int, patience: Patience
    ) -> None:
        self._store, self._submitter, self._notices = store, submitter, notices
        self._model, self._top, self._patience = model, top, patience
        self._open: dict[str, tuple[int, Watch, Callable[[], None]]] = {}

    def send(self, pixels: np.ndarray) -> str:
        # The same job is tried again: if its first try did reach Redis, the second changes nothing.
        job = Job(model=self._model, images=len(pixels), top=self._top, bulk=True)
        watching = ExitStack()
        self._open[job.id] = (len(pixels), watching.enter_context(self._notices.watch(job.id)), watching.close)
        self._patience(lambda: self._submitter.submit(job, pixels))
        return job.id

    def fetch(self, job_id: str, timeout: float) -> Sequence[Result] | None:
        images, watch, _ = self._open[job_id]
        try:
            record = self._patience(lambda: watch.settled(timeout))
        except (UnknownJob, JobGone) as error:
            return self._end(job_id, [vanished(error)] * images)
        if not record.status.settled:
            return None
        lost = unanswered(job_id, record.status)
        with suppress(KerasqError):  # the answers are here; the record goes by itself when its time is over
            self._store.forget(job_id)
        return self._end(job_id, [each or lost for each in record.results])

    def close(self) -> None:
        withdraw(self._store.cancel, list(self._open))

    def _end(self, job_id: str, answers: Sequence[Result]) -> Sequence[Result]:
        self._open.pop(job_id)[2]()
        return answers
