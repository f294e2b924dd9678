"""Where a model comes from: the facts that its card states about recipe, machine and versions. All are JSON."""

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from contract.card import CARD, Card
from contract.cores import cores
from training.recipes import Recipe


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """Every hyper-parameter, the network by its name."""
    facts = {**asdict(recipe), "network": recipe.network.__name__}
    # Through JSON, so that what is compared with a file's content has its types: lists, no tuples.
    return json.loads(json.dumps(facts))


def before(recipe: Recipe, models: Path) -> dict[str, list[dict[str, Any]]]:
    """Name, version and hours of each published model that the recipe starts from or is taught by.

    Only the name where it is not there. The hours are by name those of the model and of those before it.
    """
    sources = {
        "started_from": (recipe.start,) if recipe.start else (),
        "taught_by": recipe.teaching.models if recipe.teaching else (),
    }
    return {how: [{"model": name, **_known(name, models)} for name in names] for how, names in sources.items()}


def _known(name: str, models: Path) -> dict[str, Any]:
    if not (models / name / CARD).is_file():
        return {}
    card = Card.read(models / name)
    return {"version": card.version, "hours": {**hours_before(card), name: card.training.get("hours", 0.0)}}


def hours_before(card: Card) -> dict[str, float]:
    """The hours of every model that a card's model started from or was taught by, at once or by way of another."""
    sources = [*card.training.get("started_from", ()), *card.training.get("taught_by", ())]
    return {name: hours for source in sources for name, hours in source.get("hours", {}).items()}


def parameters(model: keras.Model) -> dict[str, int]:
    """How many numbers the model has, and how many of them training changes."""
    return {
        "total": model.count_params(),
        "trainable": sum(int(np.prod(weights.shape)) for weights in model.trainable_weights),
    }


def machine_facts() -> dict[str, Any]:
    backend = keras.config.backend()
    versions = {name: version(name) for name in ("keras", backend, "numpy")}
    return {
        "versions": {"python": platform.python_version(), **versions},
        "hardware": {"cpu": _cpu(), "cores": cores(), "gpus": gpus()},
    }


def gpus() -> list[str]:
    """The names of the GPUs that Keras's backend computes on."""
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform == "gpu"]
    if backend == "torch":
        import torch

        return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in found]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
