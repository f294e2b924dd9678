"""Learning from teachers: Hinton, Vinyals and Dean 2015, arXiv:1503.02531.

The targets of a taught run are (N, 2, classes): the labels, one-hot, and the teachers' answers, softened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.special import softmax

from training import calibrate


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """Which published models teach, and how; of several, the mean of what they answer counts."""

    models: tuple[str, ...]
    #: The weight of the teachers' answers against that of the labels, 0 to 1.
    share: float = 0.9
    #: Divides the logits of both, so that what a teacher thinks of the wrong answers counts, too.
    temperature: float = 4.0


class Distillation(keras.losses.Loss):
    """Cross-entropy with the labels and, at the temperature and times its square, with the teachers' answers."""

    def __init__(self, teaching: Teaching, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.teaching, self.label_smoothing = teaching, label_smoothing

    def call(self, targets: Any, probabilities: Any) -> Any:
        """One loss an image, (B,), for targets (B, 2, classes) and the student's probabilities (B, classes)."""
        share, temperature = self.teaching.share, self.teaching.temperature
        # Up to a constant that softmax does not see, the logarithms of probabilities are the logits.
        logs = ops.log(ops.maximum(probabilities, 1e-7))
        labels = keras.losses.categorical_crossentropy(
            targets[:, 0], probabilities, label_smoothing=self.label_smoothing
        )
        teacher = keras.losses.categorical_crossentropy(targets[:, 1], logs / temperature, from_logits=True)
        return (1 - share) * labels + share * temperature**2 * teacher


class LabelAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy against the labels of a taught run's targets."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true[:, 0], y_pred, sample_weight)


class LabelAUC(keras.metrics.AUC):
    """AUC against the labels of a taught run's targets."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true[:, 0], y_pred, sample_weight)


def targets(teachers: Sequence[keras.Model], images: np.ndarray, onehot: np.ndarray, temperature: float) -> np.ndarray:
    """float32 (N, 2, classes) for images uint8 (N, H, W, 3) and one-hot labels (N, classes)."""
    answers = [softmax(calibrate.logits(teacher, images) / temperature, axis=1) for teacher in teachers]
    return np.stack([onehot, np.mean(answers, axis=0, dtype=np.float32)], axis=1)
