"""`Client.classify`: images out to as many jobs as it takes, and every image's answer back."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from client.records import Job
from client.uploads import Image, Pieces
from contract.errors import KerasqError, NotAnImage, NotInTime, TooLarge, UnusableImage
from contract.jobs import Result, unanswered
from contract.withdraw import withdraw

#: Longest time that the server is asked to hold one request, in seconds.
HELD = 20.0


class Asks(Protocol):
    """What a run asks of a client."""

    def submit(self, images: Sequence[Image], model: str, top: int | None) -> Job: ...
    def job(self, job_id: str, wait: float) -> Job: ...
    def cancel(self, job_id: str) -> Job: ...
    def forget(self, job_id: str) -> None: ...


class Run:
    """One call's jobs. A piece none of whose images can be used is no job, only their errors."""

    def __init__(self, client: Asks, pieces: Pieces, model: str, top: int | None) -> None:
        self._client, self._pieces, self._model, self._top = client, pieces, model, top
        self._sent: list[Job | list[Result]] = []

    def answers(self, images: Sequence[Image], timeout: float) -> list[Result]:
        """Raises what `submit` raises but for the images' own errors, and NotInTime; then all jobs are taken back."""
        end = time.monotonic() + timeout
        try:
            for piece in self._pieces.each(images, self._submitted):
                self._sent.append(piece)
            return [result for each in self._sent for result in self._answers(each, end)]
        except BaseException:
            withdraw(self._client.cancel, [each.id for each in self._sent if isinstance(each, Job)])
            raise

    def _submitted(self, images: Sequence[Image]) -> Job | list[Result]:
        try:
            return self._client.submit(images, self._model, self._top)
        except (NotAnImage, UnusableImage, TooLarge) as error:
            if isinstance(error, TooLarge) and len(images) > 1:
                raise
            found = error.errors or [(error.title, str(error))] * len(images)
            return [Result(error=each) for each in found]

    def _answers(self, job: Job | list[Result], end: float) -> list[Result]:
        if not isinstance(job, Job):
            return job
        while not job.settled:
            if (left := end - time.monotonic()) <= 0:
                raise NotInTime(f"job {job.id} has not ended in time; {job.done} of its {job.images} images are done")
            job = self._client.job(job.id, min(HELD, left))
        with suppress(KerasqError):  # the answers are here; the record goes by itself when its time is over
            self._client.forget(job.id)
        return [each or unanswered(job.id, job.status) for each in job.results]
