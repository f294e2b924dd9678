"""The task: one message in, the answers of its jobs in the store."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import celery
import numpy as np
import redis

from contract.card import Card
from contract.envelope import TASK
from contract.errors import EngineError, KerasqError
from contract.jobs import Prediction, Result
from contract.message import Message, Part
from contract.store import Store
from worker import ending
from worker.batcher import Answer, Batcher
from worker.order import Hands

log = logging.getLogger("kerasq.worker")
#: Longest pause between two tries to reach a Redis that is away, in seconds.
LONGEST_PAUSE = 1.0
#: Seconds for which a worker that is to end still tries to reach it.
LAST_TRIES = 5.0
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model that this worker has loaded."""

    card: Card
    batcher: Batcher


class Classifier:
    """Turns messages into answers. `images` counts those it has answered."""

    def __init__(self, served: Mapping[str, Served], store: Store, hands: Hands) -> None:
        self._served, self._store, self._hands = served, store, hands
        self.images = 0

    def register(self, app: celery.Celery) -> None:
        @app.task(name=TASK, ignore_result=True, bind=True)
        def classify(task: celery.Task) -> None:
            queue = task.request.delivery_info["routing_key"]
            with self._hands.holding(queue, task.request.id):
                while taken := patiently(lambda: self._store.take(queue, task.request.id)):
                    if self.classify(*taken):
                        break

    def classify(self, message: Message, wanted: Sequence[bool]) -> bool:
        """Run the parts that are wanted of a message and write its answers; returns only when Redis has them.

        False where another part is wanted by now, and nothing was written. Images that the engine cannot run get its
        error as their answer. The message is acknowledged after this, so a worker that dies here loses nothing: the
        message comes again, and the store takes each answer once.
        """
        served = self._served[message.model]
        answers = _answers(message, wanted, served)
        done = patiently(lambda: self._store.finish(message, served.card.version, answers))
        self.images += sum(len(given) for given in answers) if done else 0
        return done


def _answers(message: Message, wanted: Sequence[bool], served: Served) -> list[list[Result]]:
    pieces = np.split(message.pixels, np.cumsum([part.images for part in message.parts])[:-1])
    asked = [pixels for pixels, run in zip(pieces, wanted, strict=True) if run]
    given = iter(served.batcher.run(asked, urgent=not message.bulk))
    return [
        _results(part, next(given), served.card.labels) if run else []
        for part, run in zip(message.parts, wanted, strict=True)
    ]


def _results(part: Part, answers: Sequence[Answer], labels: Sequence[str]) -> list[Result]:
    rows = [answer for answer in answers if not isinstance(answer, Exception)]
    if failures := [answer for answer in answers if isinstance(answer, Exception)]:
        said = "job %s, chunk %s: the engine failed on %s of %s images"
        log.error(said, part.job_id, part.chunk, len(failures), part.images, exc_info=failures[0])
    best = iter(top_k(np.stack(rows), labels, part.top) if rows else ())
    return [_failed(answer) if isinstance(answer, Exception) else next(best) for answer in answers]


def _failed(error: Exception) -> Result:
    return Result(error=(EngineError.title, f"the model could not run on this image: {error}"))


def top_k(probabilities: np.ndarray, labels: Sequence[str], k: int) -> list[Result]:
    """float32 (N, classes) -> N results of the k most probable labels, best first."""
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    values = np.take_along_axis(probabilities, best, axis=1)
    return [
        Result(
            predictions=tuple(
                Prediction(label=labels[index], probability=value) for index, value in zip(indexes, row, strict=True)
            )
        )
        for indexes, row in zip(best.tolist(), values.tolist(), strict=True)
    ]


def patiently(step: Callable[[], T]) -> T:
    """Do a step on Redis, however long Redis is away; of a worker that is to end, for LAST_TRIES seconds more.

    Then it raises what the step raised, and the message, which the store still knows as held or pending, is sent again.
    """
    pause, until = 0.05, math.inf
    while True:
        try:
            return step()
        except (KerasqError, redis.RedisError) as error:
            if ending.asked():
                until = min(until, time.monotonic() + LAST_TRIES)
            if time.monotonic() >= until:
                raise
            log.warning("waiting for Redis: %s", error)
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
