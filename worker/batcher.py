"""Dynamic batches: what waits for a model goes to the device together."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, islice

import numpy as np

from worker.device import Device
from worker.ending import end
from worker.engines.engine import Engine

#: Of one image: its probabilities, float32 (classes,), or why there are none.
Answer = np.ndarray | Exception


@dataclass(order=True)
class Item:
    """Images that wait, urgent ones before bulk, then in order of arrival."""

    rank: int
    number: int
    pixels: np.ndarray = field(compare=False)
    #: None while it waits.
    answers: list[Answer] | None = field(compare=False, default=None)
    arrived: float = field(compare=False, default_factory=time.monotonic)


class Batcher:
    """Collects images of one model and runs them in batches of at most `batch_max`.

    A batch is closed when it is full or when its oldest image has waited `wait_s`; after a batch of one item nothing
    waits at all, since a lone client gains nothing by it. A piece larger than a batch is several, between which urgent
    images have their turn, and other models' on the `device` that they share. A batch that fails runs again in
    halves, so that a bad image fails alone; where all fail, and an image that ran at the start does so, too, the engine
    is broken and the worker ends.

    There is no thread of its own, to which a lone image would have to be handed and back: of those that wait for an
    answer one runs the next batch, whosever images it holds.
    """

    def __init__(self, engine: Engine, device: Device, *, batch_max: int, wait_s: float) -> None:
        self._engine, self._device = engine, device
        self._batch_max, self._wait_s = batch_max, wait_s
        self._items: queue.PriorityQueue[Item] = queue.PriorityQueue()
        self._numbers = count()
        self._company = False
        self._turn = threading.Condition()
        self._running = False
        self._began: float | None = None

    @property
    def running_for(self) -> float:
        """Seconds that the batch on the device has run so far; 0 while there is none."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def run(self, pieces: Sequence[np.ndarray], *, urgent: bool = True) -> list[list[Answer]]:
        """Of each piece, uint8 (N, height, width, channels), N answers once the device has run it.

        Those that are no probabilities are what the engine raised, or ValueError for pixels of another shape than the
        model takes.
        """
        waiting = [[self._put(part, urgent=urgent) for part in self._parts(pixels)] for pixels in pieces]
        self._settle([item for items in waiting for item in items])
        return [[answer for item in items for answer in item.answers or ()] for items in waiting]

    def _parts(self, pixels: np.ndarray) -> list[np.ndarray]:
        return [pixels[first : first + self._batch_max] for first in range(0, len(pixels), self._batch_max)]

    def _put(self, pixels: np.ndarray, *, urgent: bool) -> Item:
        item = Item(rank=0 if urgent else 1, number=next(self._numbers), pixels=pixels)
        if pixels.shape[1:] == self._engine.input_shape:
            self._items.put(item)
        else:
            wrong = ValueError(f"the pixels are {pixels.shape[1:]}, the model takes {self._engine.input_shape}")
            item.answers = [wrong] * len(pixels)
        return item

    def _settle(self, mine: list[Item]) -> None:
        """Return when all of them have an answer, having run batches as long as nobody else did."""
        own = {item.number for item in mine}
        while True:
            with self._turn:
                self._turn.wait_for(lambda: not self._running or not _open(mine))
                if not _open(mine):
                    return
                self._running = True
            try:
                while _open(mine):
                    # To wake those who wait after every batch costs as much as a tenth of it.
                    if any(item.number not in own for item in self._run_next()):
                        with self._turn:
                            self._turn.notify_all()
            finally:
                with self._turn:
                    self._running = False
                    self._turn.notify_all()

    def _run_next(self) -> list[Item]:
        """Run a batch; what it was of."""
        with self._device:
            batch = self._collect()
            self._company = len(batch) > 1
            try:
                self._run(batch)
            finally:
                self._began = None
        return batch

    def _collect(self) -> list[Item]:
        first = self._items.get()
        batch, images = [first], len(first.pixels)
        closes = first.arrived + (self._wait_s if self._company else 0.0)
        while images < self._batch_max:
            try:
                item = self._items.get(timeout=max(0.0, closes - time.monotonic()))
            except queue.Empty:
                break
            if images + len(item.pixels) > self._batch_max:
                self._items.put(item)
                break
            batch.append(item)
            images += len(item.pixels)
        return batch

    def _run(self, batch: list[Item]) -> None:
        try:
            found = self._answered(np.concatenate([item.pixels for item in batch]))
            if all(isinstance(answer, Exception) for answer in found):
                self._demand_health()
        except Exception as error:  # whatever it is, such as too little memory, nobody must wait for ever
            found = [error] * sum(len(item.pixels) for item in batch)
        answers = iter(found)
        for item in batch:
            item.answers = list(islice(answers, len(item.pixels)))

    def _demand_health(self) -> None:
        """End the worker if the engine no longer runs what it was warmed up with."""
        self._began = time.monotonic()
        try:
            self._engine.predict(np.zeros((1, *self._engine.input_shape), np.uint8))
        except Exception as error:
            end(f"the engine runs no image any more ({error})")

    def _answered(self, pixels: np.ndarray) -> list[Answer]:
        self._began = time.monotonic()
        try:
            return list(self._engine.predict(pixels))
        except Exception as error:
            if len(pixels) == 1:
                return [error]
        half = len(pixels) // 2
        return self._answered(pixels[:half]) + self._answered(pixels[half:])


def _open(items: list[Item]) -> bool:
    """Whether one of them waits."""
    return any(item.answers is None for item in items)
