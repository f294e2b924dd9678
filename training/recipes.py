"""Every hyper-parameter of every model, on one screen.

`cifar10-baseline` and `cifar100-baseline` are the recipe of the original; `cifar10` and `cifar100` those that ship.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras

from training import networks
from training.batches import Augmentation


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One model's hyper-parameters."""

    dataset: str
    network: Callable[..., keras.Model]
    epochs: int
    #: The last epochs of `epochs`, in a cycle of their own up to this rate; None for a single cycle.
    second_cycle: tuple[int, float] | None = None
    optimizer: str
    #: Peak of the one-cycle schedule for SGD, the starting rate for Adam.
    learning_rate: float
    #: "one-cycle", or "plateau" with early stopping.
    schedule: str
    batch: int = 128
    dropouts: tuple[float, float, float] = (0.1, 0.15, 0.2)
    head_dropout: float = 0.3
    l2: float = 2.5e-4
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    #: The model whose convolution blocks this one starts from.
    start_from: str | None = None
    seed: int = 5432


BASELINE: dict[str, Any] = {
    "epochs": 125,
    "optimizer": "adam",
    "learning_rate": 0.002,
    "schedule": "plateau",
    "dropouts": (0.2, 0.3, 0.4),
    "head_dropout": 0.5,
    "l2": 1e-4,
    "augmentation": Augmentation(shift=3, rotation=20.0, alternate=False),
}
SHIPPED: dict[str, Any] = {
    "optimizer": "sgd",
    "learning_rate": 0.08,
    "schedule": "one-cycle",
    "label_smoothing": 0.1,
    "augmentation": Augmentation(shift=3),
}

RECIPES: dict[str, Recipe] = {
    "cifar10-baseline": Recipe(dataset="cifar10", network=networks.cifar10, **BASELINE),
    "cifar100-baseline": Recipe(dataset="cifar100", network=networks.cifar100, **BASELINE),
    "cifar100": Recipe(dataset="cifar100", network=networks.cifar100, epochs=26, **SHIPPED),
    "cifar10": Recipe(
        dataset="cifar10",
        network=networks.cifar10,
        epochs=20,
        second_cycle=(8, 0.04),
        start_from="cifar100",
        **SHIPPED,
    ),
}
