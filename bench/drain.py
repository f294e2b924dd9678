"""How fast a worker drains a queue that is kept at its length, and how long an urgent job takes meanwhile."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from bench import worker
from bench.backlog import MODEL, Backlog
from contract.jobs import CHUNK

#: Seconds between two looks at the queue's length.
LOOK = 0.05
#: Seconds between two urgent jobs.
PAUSE = 0.25


@dataclass(frozen=True, kw_only=True)
class Drain:
    """Images a second, and the median time from submitting one urgent job to its answer."""

    images_s: float
    answer_ms: float


def drain(backlog: Backlog, redis_url: str, length: int, seconds: float) -> Drain:
    """Start a worker, wait until it is at work and the queue at its length, and measure."""
    over = Event()
    with worker.running(redis_url, [MODEL]), ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(_feed, backlog, length, over)
        try:
            before = backlog.settled()
            while backlog.settled() < before + 4 * CHUNK or backlog.waiting() > length + CHUNK:
                time.sleep(LOOK)
            return _measured(backlog, seconds)
        finally:
            over.set()
            feeding.result()


def _feed(backlog: Backlog, length: int, over: Event) -> None:
    while not over.wait(LOOK):
        backlog.grow(length)


def _measured(backlog: Backlog, seconds: float) -> Drain:
    began, first = time.perf_counter(), backlog.settled()
    answers = []
    while time.perf_counter() < began + seconds:
        answers.append(backlog.answer_ms())
        time.sleep(PAUSE)
    images_s = (backlog.settled() - first) / (time.perf_counter() - began)
    return Drain(images_s=images_s, answer_ms=statistics.median(answers))
