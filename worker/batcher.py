"""Dynamic batches: what waits for a model goes to the device together."""

import queue
import threading
import time
from concurrent.futures import Future
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
    answer: "Future[np.ndarray]" = field(compare=False, default_factory=Future)
    arrived: float = field(compare=False, default_factory=time.monotonic)


class Batcher:
    """Collects images of one model and runs them in batches of at most `batch_max`.

    A batch is closed when it is full or when its oldest image has waited `wait_s`; after a batch of one item nothing
    waits at all, since a lone client gains nothing by it. `device` is the lock of the hardware that models share: while
    one runs, the others' images gather. When a batch fails, its items run one by one, so that a bad one fails alone.
    """

    def __init__(self, engine: Engine, device: threading.Lock, *, batch_max: int, wait_s: float) -> None:
        self._engine, self._device = engine, device
        self._batch_max, self._wait_s = batch_max, wait_s
        self._items: queue.PriorityQueue[Item] = queue.PriorityQueue()
        self._numbers = count()
        self._company = False
        threading.Thread(target=self._run_forever, name="batcher", daemon=True).start()

    def submit(self, pixels: np.ndarray, *, urgent: bool = True) -> "Future[np.ndarray]":
        """uint8 (N, height, width, channels) -> float32 (N, classes) once the device has run it.

        Or what the engine raised, or ValueError for pixels of another shape than the model takes.
        """
        item = Item(rank=0 if urgent else 1, number=next(self._numbers), pixels=pixels)
        if pixels.shape[1:] != self._engine.input_shape:
            taken = self._engine.input_shape
            item.answer.set_exception(ValueError(f"the pixels are {pixels.shape[1:]}, the model takes {taken}"))
        else:
            self._items.put(item)
        return item.answer

    def _run_forever(self) -> None:
        while True:
            first = self._items.get()
            with self._device:
                batch = self._collect(first)
                self._company = len(batch) > 1
                self._run(batch)

    def _collect(self, first: Item) -> list[Item]:
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
        except Exception as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for item in batch:
                self._run([item])
            return
        ends = np.cumsum([len(item.pixels) for item in batch])
        for item, rows in zip(batch, np.split(answers, ends[:-1]), strict=True):
            item.answer.set_result(rows)
