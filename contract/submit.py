"""Group commit: one writer per process commits whatever submits wait, as databases commit their logs."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from contract.errors import QueueFull, TooLarge
from contract.jobs import CHUNK, Job
from contract.message import pack
from contract.store import Store

Waiting = tuple[Job, np.ndarray, "Future[None]"]
# How a group gathers: measured, see docs/decisions.md.
#: Clients that wait, from which on a group gathers half of them.
COMPANY = 4
#: Seconds in which no job comes that end the gathering.
GAP = 0.005
#: Seconds that end it in any case.
GATHER = 0.025
#: Jobs that are enough for a group where fewer clients wait.
ENOUGH = 32


class Submitter:
    """Puts jobs on the queue: a group's records and messages in one step, then the answer to each submitter.

    A lone submit waits for nobody; those that come while a commit is under way form the next one. Under load a group
    gathers for a moment, because every message costs the same to carry, however many images it holds; but only half of
    the clients, so that the workers run one half while the other is answered and asks anew.
    """

    def __init__(self, store: Store, clients: Callable[[], int] = lambda: 0) -> None:
        """`clients` tells how many wait for an answer now."""
        self._store, self._clients = store, clients
        self._seen = 0, 0
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._write_forever, name="submitter", daemon=True).start()

    def submit(self, job: Job, pixels: np.ndarray) -> None:
        """Queue a job with its pixels, uint8 (job.queued_images, height, width, channels); returns once it is there.

        Raises QueueFull or TooLarge; then nothing is queued. Raises QueueUnavailable; then it may be all the same, and
        the same job may be submitted again: it is answered once.
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
        most = max(self._seen)
        half = most // 2 if most >= COMPANY else 0
        closes = time.monotonic() + GATHER
        # Of a crowd half: where all go at once, clients and worker take turns, and each idles in the other's.
        while images < CHUNK and len(group) < max(half or ENOUGH, self._waiting.qsize() // 2):
            left = min(GAP, closes - time.monotonic()) if len(group) < half else 0
            try:
                group.append(self._waiting.get(timeout=max(0.0, left)))
            except queue.Empty:
                break
            images += group[-1][0].queued_images
        # Now, because the clients of this group wait as well; two groups are all of them, where they take turns.
        self._seen = self._seen[1], self._clients()
        return group

    def _commit(self, group: list[Waiting]) -> None:
        try:
            jobs = {job.id: (job, pixels) for job, pixels, _ in group}  # one under one Idempotency-Key may come twice
            self._store.create([job for job, _ in jobs.values()], pack(list(jobs.values())))
        except Exception as error:  # the writer must outlive whatever one commit meets
            if isinstance(error, QueueFull | TooLarge) and len(group) > 1:  # there may be room for some of them
                for each in group:
                    self._commit([each])
                return
            for _, _, committed in group:
                committed.set_exception(error)
            return
        for _, _, committed in group:
            committed.set_result(None)
