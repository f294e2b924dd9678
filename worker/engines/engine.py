"""The contract of an engine, and the padding that keeps its shapes few."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np


class Engine(Protocol):
    """A loaded model. Not thread-safe: one thread at a time runs it."""

    #: The engine with its arithmetic, for people: "openvino bfloat16".
    name: str
    #: The file that it was loaded from.
    path: Path
    #: (height, width, channels).
    input_shape: tuple[int, ...]
    classes: int
    #: The sizes that batches are padded up to, so that it does not compile for every size it meets; of more images than
    #: the last one, each as many are a batch of their own.
    sizes: tuple[int, ...]

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """uint8 (N, height, width, channels) -> float32 probabilities (N, classes), in the same order."""
        ...


class EngineFault(Exception):
    """The engine's answer is not one row of probabilities for each image."""


class Warmed:
    """An engine at a few fixed batch sizes, each run once before the first job, and its answers checked.

    The sizes are the engine's own as far as `batch_max`, or `sizes`.
    """

    def __init__(self, engine: Engine, batch_max: int, sizes: Sequence[int] = ()) -> None:
        self._engine = engine
        self.name, self.path = engine.name, engine.path
        self.input_shape, self.classes = engine.input_shape, engine.classes
        sizes = sizes or engine.sizes
        largest = min(batch_max, sizes[-1])
        self.sizes = (*(size for size in sizes if size < largest), largest)
        for size in self.sizes:
            self.predict(np.zeros((size, *self.input_shape), np.uint8))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        """Like Engine.predict, for any N. Raises EngineFault for an answer of another shape or with NaN in it."""
        largest = self.sizes[-1]
        pieces = [self._padded(batch[first : first + largest]) for first in range(0, len(batch), largest)]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _padded(self, batch: np.ndarray) -> np.ndarray:
        size = next(size for size in self.sizes if size >= len(batch))
        if size > len(batch):
            padding = np.zeros((size - len(batch), *batch.shape[1:]), np.uint8)
            batch, asked = np.concatenate((batch, padding)), len(batch)
        else:
            asked = size
        answer = self._engine.predict(batch)
        if answer.shape != (size, self.classes) or not np.isfinite(answer).all():
            raise EngineFault(
                f"{self.name} answered {answer.shape} for {size} images of {self.classes} classes, or NaN"
            )
        return answer[:asked]
