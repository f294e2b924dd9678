"""The learning-rate schedule."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("kerasq")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up to `peak`, then a cosine down to zero (Smith and Topin 2017, arXiv:1708.07120).

    `steps` is the length of the whole run in optimizer steps, `warmup` the share of it spent rising.
    """

    def __init__(self, peak: float, steps: int, warmup: float) -> None:
        super().__init__()
        self.peak, self.steps, self.warmup = peak, steps, warmup

    def __call__(self, step: Any) -> Any:  # both are tensors of the backend
        done = ops.cast(step, "float32") / self.steps
        rising = done / self.warmup
        falling = 0.5 * (1 + ops.cos(math.pi * ops.minimum((done - self.warmup) / (1 - self.warmup), 1.0)))
        return self.peak * ops.where(done < self.warmup, rising, falling)

    def get_config(self) -> dict[str, float]:
        return {"peak": self.peak, "steps": self.steps, "warmup": self.warmup}
