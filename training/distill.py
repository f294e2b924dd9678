"""Learning from teachers: Hinton, Vinyals and Dean 2015, arXiv:1503.02531.

A teacher sees every training image as the student does, moved, mixed and all (Beyer et al. 2022, arXiv:2106.05237).
What is trained is student and teachers side by side: it answers (B, 2, classes), the student's probabilities and the
mean of the teachers'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """Which published models teach, and how; of several, the mean of what they answer counts."""

    models: tuple[str, ...]
    #: The weight of the teachers' answers against that of the labels, 0 to 1.
    share: float = 0.9
    #: Divides the logits of both, so that what a teacher thinks of the wrong answers counts, too.
    temperature: float = 2.0


def beside(student: keras.Model, teachers: Sequence[keras.Model]) -> keras.Model:
    """`student` and the mean of `teachers` as one model of which only the student can be trained."""
    both = ops.stack([student.output, Answers(teachers)(student.input)], axis=1)
    return keras.Model(student.input, both, name="taught")


class Answers(keras.layers.Layer):
    """The mean of what `teachers` answer, (B, classes), for images uint8 (B, H, W, 3)."""

    def __init__(self, teachers: Sequence[keras.Model]) -> None:
        super().__init__()
        self.teachers = list(teachers)
        self.trainable = False

    def call(self, images: Any) -> Any:
        # A layer without `training` in its call: a model's would be that of the model around it.
        answers = [teacher(images, training=False) for teacher in self.teachers]
        return ops.mean(ops.stack(answers), axis=0)


class Distillation(keras.losses.Loss):
    """Cross-entropy with the labels and, at the temperature and times its square, with the teachers' answers."""

    def __init__(self, teaching: Teaching) -> None:
        super().__init__()
        self.teaching = teaching

    def call(self, targets: Any, probabilities: Any) -> Any:
        """One loss an image, (B,), for labels (B, classes) and probabilities (B, 2, classes), see `beside`."""
        share, temperature = self.teaching.share, self.teaching.temperature
        student, teacher = probabilities[:, 0], probabilities[:, 1]
        labels = keras.losses.categorical_crossentropy(targets, student)
        softened = ops.softmax(_logits(teacher) / temperature)
        taught = keras.losses.categorical_crossentropy(softened, _logits(student) / temperature, from_logits=True)
        return (1 - share) * labels + share * temperature**2 * taught


def _logits(probabilities: Any) -> Any:
    """Up to a constant that softmax does not see, and not below that of 1e-7."""
    return ops.log(ops.maximum(probabilities, 1e-7))


class StudentAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy of the student in a model of `beside`."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred[:, 0], sample_weight)


class StudentAUC(keras.metrics.AUC):
    """AUC of the student in a model of `beside`."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, y_pred[:, 0], sample_weight)
