"""Group commit: one writer per process commits whatever submits wait, as databases commit their logs."""

import queue
import threading
from collections.abc import Iterable
from concurrent.futures import Future

import celery
import numpy as np

from contract.errors import KerasqError, QueueUnavailable
from contract.jobs import CHUNK, Job
from contract.message import pack
from contract.queue import send
from contract.store import Store

Waiting = tuple[Job, np.ndarray, "Future[None]"]


class Submitter:
    """Puts jobs on the queue: their records first, then their messages, then the answer to whoever submitted.

    A lone submit waits for nobody; those that come while a commit is under way form the next one.
    """

    def __init__(self, store: Store, app: celery.Celery) -> None:
        self._store, self._app = store, app
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._write_forever, name="submitter", daemon=True).start()

    def submit(self, job: Job, pixels: np.ndarray) -> None:
        """Queue a job with its pixels, uint8 (job.queued_images, height, width, 3). Returns once it is on the queue.

        Raises QueueFull or QueueUnavailable; then nothing is queued.
        """
        self.submit_soon(job, pixels).result()

    def submit_soon(self, job: Job, pixels: np.ndarray) -> "Future[None]":
        committed: Future[None] = Future()
        self._waiting.put((job, pixels, committed))
        return committed

    def _write_forever(self) -> None:
        while True:
            group = self._next_group()
            for kind in {(job.model, job.bulk) for job, _, _ in group}:
                self._commit([each for each in group if (each[0].model, each[0].bulk) == kind])

    def _next_group(self) -> list[Waiting]:
        group = [self._waiting.get()]
        images = group[0][0].queued_images
        while images < CHUNK:
            try:
                group.append(self._waiting.get_nowait())
            except queue.Empty:
                break
            images += group[-1][0].queued_images
        return group

    def _commit(self, group: list[Waiting]) -> None:
        errors: dict[str, Exception] = {}
        try:
            self._store.create([job for job, _, _ in group])
            errors = self._publish(group)
        except Exception as error:  # the writer must outlive whatever one commit meets
            errors = {job.id: error for job, _, _ in group}
        for job, _, committed in group:
            if error := errors.get(job.id):
                committed.set_exception(error)
            else:
                committed.set_result(None)

    def _publish(self, group: list[Waiting]) -> dict[str, Exception]:
        """Send the group's messages; the ids of jobs that are not wholly sent, with why. Those are withdrawn."""
        messages = pack([(job, pixels) for job, pixels, _ in group])
        for number, message in enumerate(messages):
            try:
                send(self._app, message, bulk=group[0][0].bulk)
            except QueueUnavailable as error:
                unsent = {part.job_id for later in messages[number:] for part in later.parts}
                self._withdraw(unsent)
                return dict.fromkeys(unsent, error)
        return {}

    def _withdraw(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            try:
                self._store.forget(job_id)
            except KerasqError:
                return
