"""Every hyper-parameter of every model, on one screen.

`cifar10-baseline` and `cifar100-baseline` are the recipe of the original. The teachers, which do not ship, learn from
the labels alone, the large models from them, and the original's networks from the large ones. `*-taught` and
`*-retaught` do not ship either: `cifar100-large` and `cifar100` go on from them. `cifar10` begins with the convolutions
of `cifar100`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras

from training import networks
from training.batches import Augmentation
from training.distill import Teaching


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One model's hyper-parameters."""

    dataset: str
    network: Callable[..., keras.Model]
    #: What the network leaves to the recipe.
    options: dict[str, Any]
    epochs: int
    #: "sgd" with Nesterov momentum, "adam", or "muon".
    optimizer: str
    #: Peak of the one-cycle schedule, or Adam's starting rate under "plateau".
    learning_rate: float
    momentum: float = 0.9
    #: Muon's own decay of the kernels that it trains; the others have an L2 penalty among the network's options.
    weight_decay: float = 0.0
    #: Muon leaves biases, norms and the last layer to Adam, at this share of the rate.
    adam_share: float = 1.0
    #: Decay a step of the average of the weights that takes their place at the end of every epoch, as in Lookahead
    #: (Zhang et al. 2019, arXiv:1907.08610); 0 for no average.
    average: float = 0.0
    #: "one-cycle", or "plateau" with early stopping.
    schedule: str = "one-cycle"
    #: The share of one cycle in which the rate rises.
    warmup: float = 0.2
    #: Epochs without a lower validation loss after which "plateau" multiplies the rate by `slowing`, and stops.
    patience: tuple[int, int] = (10, 25)
    slowing: float = 0.5
    batch: int = 128
    augmentation: Augmentation = field(default_factory=Augmentation)
    #: Whether the last epoch's weights are kept, and not those of the highest validation accuracy.
    last: bool = False
    #: The published model whose layers this one begins with, as far as they have its names and shapes.
    start: str | None = None
    #: The published models that teach this one; None for labels alone.
    teaching: Teaching | None = None
    seed: int = 5432


BASELINE: dict[str, Any] = {
    "options": {"dropouts": (0.2, 0.3, 0.4), "head_dropout": 0.5, "l2": 1e-4},
    "epochs": 125,
    "optimizer": "adam",
    "learning_rate": 0.002,
    "schedule": "plateau",
    "augmentation": Augmentation(shift=3, rotation=20.0, alternate=False),
}
SMALL: dict[str, Any] = {
    "options": {"dropouts": (0.0, 0.0, 0.0), "head_dropout": 0.2, "l2": 2.5e-4},
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "average": 0.99,
    "batch": 256,
    "augmentation": Augmentation(shift=4, cutmix=0.5),
}
LARGE: dict[str, Any] = {
    "network": networks.large,
    "epochs": 160,
    "optimizer": "muon",
    "learning_rate": 0.08,
    "momentum": 0.8,
    "weight_decay": 0.08,
    "adam_share": 0.033,
    "batch": 500,
    "augmentation": Augmentation(shift=4, cutmix=0.5),
}
TEACHER: dict[str, Any] = LARGE | {"epochs": 60}
NARROW: dict[str, Any] = {"widths": (64, 192, 288), "norm_momentum": 0.8}
WIDE: dict[str, Any] = {"widths": (128, 512, 512), "norm_momentum": 0.8}

#: In an order in which they can be trained.
RECIPES: dict[str, Recipe] = {
    "cifar10-baseline": Recipe(dataset="cifar10", network=networks.cifar10, **BASELINE),
    "cifar100-baseline": Recipe(dataset="cifar100", network=networks.cifar100, **BASELINE),
    "cifar10-teacher": Recipe(dataset="cifar10", options={"classes": 10, **WIDE}, **TEACHER),
    "cifar100-teacher": Recipe(dataset="cifar100", options={"classes": 100, **WIDE}, **TEACHER),
    "cifar10-large": Recipe(
        dataset="cifar10", options={"classes": 10, **NARROW}, teaching=Teaching(models=("cifar10-teacher",)), **LARGE
    ),
    "cifar100-large-taught": Recipe(
        dataset="cifar100", options={"classes": 100, **NARROW}, teaching=Teaching(models=("cifar100-teacher",)), **LARGE
    ),
    "cifar100-large": Recipe(
        dataset="cifar100",
        options={"classes": 100, **NARROW},
        start="cifar100-large-taught",
        teaching=Teaching(models=("cifar100-large-taught",), mirrored=True, views=8),
        last=True,
        **LARGE | {"epochs": 20, "learning_rate": 0.008},
    ),
    "cifar100-taught": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=80,
        teaching=Teaching(models=("cifar100-large",)),
        **SMALL,
    ),
    "cifar100-retaught": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=48,
        start="cifar100-taught",
        teaching=Teaching(models=("cifar100-large",), views=16),
        **SMALL,
    ),
    "cifar100": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=5,
        start="cifar100-retaught",
        **SMALL | {"learning_rate": 0.015, "augmentation": Augmentation(shift=4)},
    ),
    "cifar10": Recipe(
        dataset="cifar10",
        network=networks.cifar10,
        epochs=90,
        start="cifar100",
        teaching=Teaching(models=("cifar10-large",), views=18),
        **SMALL,
    ),
}


def _one_by_one(first: Recipe, changes: Mapping[str, dict[str, Any]]) -> dict[str, Recipe]:
    steps = {"the original": first}
    for name, change in changes.items():
        steps[name] = replace(list(steps.values())[-1], **change)
    return steps


#: From the original's recipe to that of cifar10, a change at a time.
ABLATION: dict[str, Recipe] = _one_by_one(
    RECIPES["cifar10-baseline"],
    {
        "one cycle of SGD": {
            "schedule": "one-cycle",
            **{name: SMALL[name] for name in ("optimizer", "learning_rate", "batch")},
        },
        "mirrored in turn, not turned": {"augmentation": Augmentation(shift=4)},
        "boxes of other images": {"augmentation": SMALL["augmentation"]},
        "taught by the large one": {"teaching": RECIPES["cifar10"].teaching},
        "no dropout between the convolutions, more L2": {"options": SMALL["options"]},
        "averaged weights": {"average": SMALL["average"]},
        "begun with the convolutions of cifar100": {"start": RECIPES["cifar10"].start},
    },
)
