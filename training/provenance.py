"""Where a model comes from: the facts that its card states about recipe, machine and versions. All are JSON."""

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.recipes import Recipe


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """Every hyper-parameter, the network by its name."""
    facts = {**asdict(recipe), "network": recipe.network.__name__}
    # Through JSON, so that what is compared with a file's content has its types: lists, no tuples.
    return json.loads(json.dumps(facts))


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
        "hardware": {"cpu": _cpu(), "cores": os.cpu_count(), "gpus": gpus()},
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
