"""A queue of known length: bulk jobs of one image each, submitted as API and command line submit theirs."""

import os
import time
from collections import deque
from concurrent.futures import Future

import numpy as np

from contract.connection import connect
from contract.jobs import CHUNK, Job
from contract.notices import Notices
from contract.settings import Settings
from contract.store import Store
from contract.submit import Submitter

MODEL = "cifar10"
#: Submits under way at once: enough for full groups, whose memory is still small.
AHEAD = 16 * CHUNK


class Backlog:
    """Grows and is kept at its length; urgent jobs go ahead of it and are timed."""

    def __init__(self, redis_url: str) -> None:
        settings = Settings(redis_url=redis_url, max_queued=10_000_000)
        self.store = Store(connect(settings), settings)
        self._submitter = Submitter(self.store)
        self._notices = Notices(self.store)
        self._pixels = np.random.default_rng(0).integers(0, 256, (CHUNK, 1, 32, 32, 3), np.uint8)

    def waiting(self) -> int:
        """Images that were submitted and not answered."""
        submitted, settled = self.store.flow(MODEL)
        return submitted - settled

    def settled(self) -> int:
        return self.store.flow(MODEL)[1]

    def grow(self, length: int) -> float:
        """Submit until `length` images wait, unless less than a chunk's worth is missing; the seconds it took."""
        missing = length - self.waiting()
        began = time.perf_counter()
        under_way: deque[Future[None]] = deque()
        for number in range(missing if missing >= CHUNK else 0):
            if len(under_way) == AHEAD:
                under_way.popleft().result()
            job = Job(model=MODEL, images=1, bulk=True)
            under_way.append(self._submitter.submit_soon(job, self._pixels[number % CHUNK]))
        for each in under_way:
            each.result()
        return time.perf_counter() - began

    def rest(self) -> None:
        """Return when Redis does not rewrite its append-only file any more, and the disk has all that was written."""
        while self.store.redis.info("persistence")["aof_rewrite_in_progress"]:
            time.sleep(0.1)
        os.sync()

    def used_bytes(self) -> int:
        """Redis's memory."""
        return int(self.store.redis.info("memory")["used_memory"])

    def submit_ms(self, times: int) -> list[float]:
        """How long each of some urgent jobs took to be accepted, one after another."""
        return [self._timed(Job(model=MODEL, images=1), wait=False) for _ in range(times)]

    def answer_ms(self) -> float:
        """From submitting one urgent job to its answer; a worker must run."""
        return self._timed(Job(model=MODEL, images=1), wait=True)

    def _timed(self, job: Job, *, wait: bool) -> float:
        with self._notices.watch(job.id) as watch:
            began = time.perf_counter()
            self._submitter.submit(job, self._pixels[0])
            if wait and not watch.settled(60.0).status.settled:
                raise TimeoutError(f"job {job.id} was not answered in 60 s")
            return (time.perf_counter() - began) * 1000
