"""Dynamic batches: what waits for a model goes to the device together."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from worker.engines.engine import Engine


@dataclass(order=True)
class Item:
    """Images that wait, urgent ones before bulk, then in order of arrival."""

    rank: int
    number: int
    pixels: np.ndarray = field(compare=False)
    #: Probabilities, float32 (N, classes), or why there are none; None while it waits.
    answer: np.ndarray | Exception | None = field(compare=False, default=None)
    arrived: float = field(compare=False, default_factory=time.monotonic)


class Batcher:
    """Collects images of one model and runs them in batches of at most `batch_max`.

    A batch is closed when it is full or when its oldest image has waited `wait_s`; after a batch of one item nothing
    waits at all, since a lone client gains nothing by it. `device` is the lock of the hardware that models share: while
    one runs, the others' images gather. When a batch fails, its items run one by one, so that a bad one fails alone.

    There is no thread of its own, to which a lone image would have to be handed and back: of those that wait for an
    answer one runs the next batch, whosever images it holds.
    """

    def __init__(self, engine: Engine, device: threading.Lock, *, batch_max: int, wait_s: float) -> None:
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

    def run(self, pieces: Sequence[np.ndarray], *, urgent: bool = True) -> list[np.ndarray | Exception]:
        """Of each piece, uint8 (N, height, width, channels), the float32 (N, classes) once the device has run it.

        Or what the engine raised, or ValueError for pixels of another shape than the model takes.
        """
        items = [Item(rank=0 if urgent else 1, number=next(self._numbers), pixels=pixels) for pixels in pieces]
        taken = self._engine.input_shape
        for item in items:
            if item.pixels.shape[1:] == taken:
                self._items.put(item)
            else:
                item.answer = ValueError(f"the pixels are {item.pixels.shape[1:]}, the model takes {taken}")
        return [self._answer(item) for item in items]

    def _answer(self, item: Item) -> np.ndarray | Exception:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: item.answer is not None or not self._running)
                if item.answer is not None:
                    return item.answer
                self._running = True
            try:
                self._run_next()
            finally:
                with self._turn:
                    self._running = False
                    self._turn.notify_all()

    def _run_next(self) -> None:
        with self._device:
            batch = self._collect()
            self._company = len(batch) > 1
            self._began = time.monotonic()
            try:
                self._run(batch)
            finally:
                self._began = None

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
            answers = self._engine.predict(np.concatenate([item.pixels for item in batch]))
            ends = np.cumsum([len(item.pixels) for item in batch])
            for item, rows in zip(batch, np.split(answers, ends[:-1]), strict=True):
                item.answer = rows
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer = error
                return
            for item in batch:
                self._run([item])
