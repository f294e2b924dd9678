"""Learning from teachers: Hinton, Vinyals and Dean 2015, arXiv:1503.02531.

A teacher sees every training image as the student does, moved, mixed and all (Beyer et al. 2022, arXiv:2106.05237).
Targets are (B, 2, classes): those of the labels, and the mean of what the teachers answer.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.lib.format import open_memmap

from training.batches import TrainingBatches


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """Which published models teach, and how; of several, the mean of what they answer counts."""

    models: tuple[str, ...]
    #: The weight of the teachers' answers against that of the labels, 0 to 1.
    share: float = 0.9
    #: Divides the logits of both, so that what a teacher thinks of the wrong answers counts, too.
    temperature: float = 2.0
    #: Whether they answer for the mirror image, too, and the mean of both counts.
    mirrored: bool = False
    #: After so many epochs their batches come again, with the answers kept (Shen and Xing 2022, arXiv:2112.01528);
    #: None for new ones, and new answers, in every epoch.
    views: int | None = None


@dataclass(frozen=True)
class Teachers:
    """The models of a recipe's `teaching`, in its order."""

    teaching: Teaching
    models: Sequence[keras.Model]

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The mean of what they answer, float32 (B, classes), for a batch of images uint8 (B, H, W, 3)."""
        seen = (images, images[:, :, ::-1]) if self.teaching.mirrored else (images,)
        answers = [model.predict_on_batch(each) for model in self.models for each in seen]
        return np.stack(answers).mean(axis=0, dtype=np.float32)

    def targets(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """One-hot labels (N, classes) and the answers for so many images, (N, 2, classes)."""
        pieces = [self.answers(images[first : first + 500]) for first in range(0, len(images), 500)]
        return np.stack([labels, np.concatenate(pieces)], axis=1)


class TaughtBatches(TrainingBatches):
    """Batches whose targets are (B, 2, classes).

    With `views` in the teaching, the answers to the first so many epochs are kept in the file `kept`, and the batches
    of these epochs come again and again.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        *,
        teachers: Teachers,
        kept: Path,
        **how: Any,
    ) -> None:
        views = teachers.teaching.views
        super().__init__(images, targets, period=views, **how)
        self._teachers, self._kept = teachers, None
        if views:
            self._kept = _opened(kept, (views, len(self), how["batch"], targets.shape[1]))

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        images, labels = super().__getitem__(index)
        return images, np.stack([labels, self._answers(index, images)], axis=1)

    def _answers(self, index: int, images: np.ndarray) -> np.ndarray:
        if self._kept is None:
            return self._teachers.answers(images)
        known = self._kept[self._epoch, index]
        # A file is zeros until something is written to it, and in part after a power cut.
        if not np.allclose(known.sum(axis=1), 1, atol=1e-3):
            known[:] = self._teachers.answers(images)
        return known


def _opened(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 array in the file; of zeros where there is none of that shape, since all can be asked again."""
    with suppress(OSError, ValueError):
        found = open_memmap(path, "r+")
        if found.shape == shape:
            return found
    return open_memmap(path, "w+", np.float32, shape)


class Distillation(keras.losses.Loss):
    """Cross-entropy with the labels and, at the temperature and times its square, with the teachers' answers."""

    def __init__(self, teaching: Teaching) -> None:
        super().__init__()
        self.teaching = teaching

    def call(self, targets: Any, probabilities: Any) -> Any:
        """One loss an image, (B,), for targets (B, 2, classes) and probabilities (B, classes)."""
        share, temperature = self.teaching.share, self.teaching.temperature
        right, teacher = targets[:, 0], targets[:, 1]
        labels = keras.losses.categorical_crossentropy(right, probabilities)
        softened = ops.softmax(_logits(teacher) / temperature)
        taught = keras.losses.categorical_crossentropy(softened, _logits(probabilities) / temperature, from_logits=True)
        return (1 - share) * labels + share * temperature**2 * taught


def _logits(probabilities: Any) -> Any:
    """Up to a constant that softmax does not see, and not below that of 1e-7."""
    return ops.log(ops.maximum(probabilities, 1e-7))


class LabelAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy by the labels among targets (B, 2, classes)."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true[:, 0], y_pred, sample_weight)


class LabelAUC(keras.metrics.AUC):
    """AUC by the labels among targets (B, 2, classes)."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true[:, 0], y_pred, sample_weight)
