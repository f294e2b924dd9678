"""Optimizers by the name that a recipe gives them."""

from typing import Any

import keras
from keras import ops

from training.recipes import Recipe
from training.schedules import OneCycle


class Muon(keras.optimizers.Muon):
    """Keras's Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon), for convolutions too.

    Keras leaves every kernel that is not a matrix to Adam. Here the convolutions' kernels are orthogonalised, each as a
    matrix of (height x width x inputs, outputs), as in cifar10-airbench, and everything else is Adam's.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x: Any, steps: int) -> Any:
        matrix = ops.reshape(x, (-1, x.shape[-1]))
        return ops.reshape(super().zeropower_via_newtonschulz5(matrix, steps), x.shape)


def optimizer(recipe: Recipe, rate: float | OneCycle, steps: int) -> keras.optimizers.Optimizer:
    """The recipe's optimizer with the learning rate or schedule `rate`, for epochs of `steps` steps."""
    average: dict[str, Any] = {}
    if recipe.average:
        average = {"use_ema": True, "ema_momentum": recipe.average, "ema_overwrite_frequency": steps}
    if recipe.optimizer == "muon":
        return Muon(
            rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            adam_weight_decay=None,
            adam_lr_ratio=recipe.adam_share,
            rms_rate=None,
            **average,
        )
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=recipe.momentum, nesterov=True, **average)
    return keras.optimizers.Adam(rate, **average)
