"""Every hyper-parameter of every model, on one screen.

`cifar10-baseline` and `cifar100-baseline` are the recipe of the original. `cifar10-labels` and `cifar100-labels` learn
from the labels alone; `cifar10` and `cifar100` start from them and learn from the large ones.
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
    #: The first epochs, and the size of the random crops that they see instead of whole images; None for no such start.
    small: tuple[int, int] | None = None
    #: The last epochs of `epochs`, in a cycle of their own up to this rate; None for a single cycle.
    second_cycle: tuple[int, float] | None = None
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
    batch: int = 128
    label_smoothing: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)
    #: The published models whose layers this one starts from, as far as they have its names and shapes; of several
    #: the mean, which is better than each where they come from one start (Wortsman et al. 2022, arXiv:2203.05482).
    start_from: tuple[str, ...] = ()
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
LABELS: dict[str, Any] = {
    "options": {"dropouts": (0.1, 0.15, 0.2), "head_dropout": 0.3, "l2": 2.5e-4},
    "optimizer": "sgd",
    "learning_rate": 0.08,
    "label_smoothing": 0.1,
    "augmentation": Augmentation(shift=3),
}
TAUGHT: dict[str, Any] = LABELS | {"learning_rate": 0.05, "label_smoothing": 0.0}
PATIENT: dict[str, Any] = TAUGHT | {
    "options": {"dropouts": (0.0, 0.0, 0.0), "head_dropout": 0.2, "l2": 2.5e-4},
    "average": 0.99,
}
LARGE: dict[str, Any] = {
    "network": networks.large,
    "optimizer": "muon",
    "learning_rate": 0.15,
    "momentum": 0.8,
    "weight_decay": 0.08,
    "adam_share": 0.033,
    "batch": 1000,
    "label_smoothing": 0.1,
    "augmentation": Augmentation(shift=2),
}
LARGE_TAUGHT: dict[str, Any] = LARGE | {
    "learning_rate": 0.08,
    "batch": 500,
    "label_smoothing": 0.0,
    "augmentation": Augmentation(shift=4, cutout=8),
}

#: In an order in which they can be trained.
RECIPES: dict[str, Recipe] = {
    "cifar10-baseline": Recipe(dataset="cifar10", network=networks.cifar10, **BASELINE),
    "cifar100-baseline": Recipe(dataset="cifar100", network=networks.cifar100, **BASELINE),
    "cifar100-labels": Recipe(dataset="cifar100", network=networks.cifar100, epochs=26, **LABELS),
    "cifar100-large-labels": Recipe(dataset="cifar100", options={"classes": 100}, epochs=16, small=(11, 24), **LARGE),
    "cifar100-large": Recipe(
        dataset="cifar100",
        options={"classes": 100},
        epochs=14,
        small=(7, 24),
        start_from=("cifar100-large-labels",),
        teaching=Teaching(models=("cifar100-large-labels", "cifar100-labels"), temperature=2.0),
        **LARGE_TAUGHT,
    ),
    "cifar100-taught": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=12,
        start_from=("cifar100-labels",),
        teaching=Teaching(models=("cifar100-large-labels",)),
        **TAUGHT,
    ),
    "cifar100-retaught": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=15,
        second_cycle=(10, 0.05),
        start_from=("cifar100-labels", "cifar100-taught"),
        teaching=Teaching(models=("cifar100-large",), share=0.7, temperature=2.0),
        **(PATIENT | {"learning_rate": 0.03}),
    ),
    "cifar100": Recipe(
        dataset="cifar100",
        network=networks.cifar100,
        epochs=1,
        start_from=("cifar100-labels", "cifar100-retaught"),
        **(TAUGHT | {"learning_rate": 0.001}),
    ),
    "cifar10-large-labels": Recipe(
        dataset="cifar10",
        options={"classes": 10},
        epochs=12,
        small=(8, 24),
        start_from=("cifar100-large-labels",),
        **(LARGE | {"augmentation": Augmentation(shift=2, cutout=8)}),
    ),
    "cifar10-labels": Recipe(
        dataset="cifar10",
        network=networks.cifar10,
        epochs=20,
        second_cycle=(8, 0.04),
        start_from=("cifar100-labels",),
        **LABELS,
    ),
    "cifar10-large-taught": Recipe(
        dataset="cifar10",
        options={"classes": 10},
        epochs=14,
        start_from=("cifar100-large",),
        teaching=Teaching(models=("cifar10-large-labels", "cifar10-labels"), share=0.5, temperature=2.0),
        **LARGE_TAUGHT,
    ),
    "cifar10-large": Recipe(
        dataset="cifar10",
        options={"classes": 10},
        epochs=28,
        start_from=("cifar10-large-taught",),
        teaching=Teaching(models=("cifar10-large-taught", "cifar10-large-labels"), share=0.5, temperature=2.0),
        **(LARGE_TAUGHT | {"augmentation": Augmentation(shift=4, cutout=12)}),
    ),
    "cifar10": Recipe(
        dataset="cifar10",
        network=networks.cifar10,
        epochs=45,
        start_from=("cifar10-labels",),
        teaching=Teaching(models=("cifar10-large", "cifar10-large-taught"), share=0.7, temperature=2.0),
        **PATIENT,
    ),
}


def _one_by_one(first: Recipe, changes: Mapping[str, dict[str, Any]]) -> dict[str, Recipe]:
    steps = {"the original": first}
    for name, change in changes.items():
        steps[name] = replace(list(steps.values())[-1], **change)
    return steps


#: From the original's recipe to that of cifar10 but for its rate, a change at a time.
ABLATION: dict[str, Recipe] = _one_by_one(
    RECIPES["cifar10-baseline"],
    {
        "one cycle of SGD": {name: LABELS[name] for name in ("optimizer", "learning_rate")} | {"schedule": "one-cycle"},
        "less dropout and more L2": {"options": LABELS["options"]},
        "mirrored in turn, not turned, and labels smoothed": {
            name: LABELS[name] for name in ("augmentation", "label_smoothing")
        },
        "from cifar100's convolutions": {"start_from": ("cifar100-labels",)},
        "taught by the large ones": {"teaching": RECIPES["cifar10"].teaching, "label_smoothing": 0.0},
        "no dropout between the convolutions, averaged weights": {
            name: PATIENT[name] for name in ("options", "average")
        },
    },
)
