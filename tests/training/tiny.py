"""A network, a recipe and data that train in a second."""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training import data
from training.batches import Augmentation
from training.recipes import RECIPES, Recipe


def tiny(*, dropouts: Sequence[float], head_dropout: float, l2: float) -> keras.Model:
    """A network of the same parts with a few hundred parameters for 10 classes."""
    pixels = keras.Input((32, 32, 3), dtype="uint8", name="pixels")
    features = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    penalty = keras.regularizers.L2(l2)
    features = layers.Conv2D(4, 3, strides=4, kernel_regularizer=penalty, name="block1_conv1")(features)
    features = layers.BatchNormalization(name="block1_norm1")(features)
    features = layers.Dropout(dropouts[0])(layers.GlobalAveragePooling2D()(features))
    probabilities = layers.Dense(10, activation="softmax", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name="tiny")


#: Labels alone, in batches that 90 images are enough for.
PLAIN: dict[str, Any] = {
    "epochs": 3,
    "batch": 16,
    "learning_rate": 0.08,
    "average": 0.0,
    "augmentation": Augmentation(shift=3),
    "start": None,
    "teaching": None,
}


def tiny_recipe() -> Recipe:
    options = {"dropouts": (0.0, 0.0, 0.0), "head_dropout": 0.0, "l2": 0.0}
    return replace(RECIPES["cifar10"], network=tiny, options=options, **PLAIN)


def write_official(folder: Path) -> None:
    """Write both data sets in the official format, 100 training and 40 test images each."""
    root = folder / data.FOLDERS["cifar10"]
    _write(root / "batches.meta", {b"label_names": [f"label{n}".encode() for n in range(10)]})
    for file, count in [(f"data_batch_{n}", 20) for n in range(1, 6)] + [("test_batch", 40)]:
        classes = np.arange(count) % 10
        _write(root / file, {b"data": _rows(classes), b"labels": classes.tolist()})
    root = folder / data.FOLDERS["cifar100"]
    fine, coarse = ([f"{kind}{n}".encode() for n in range(count)] for kind, count in (("fine", 100), ("group", 20)))
    _write(root / "meta", {b"fine_label_names": fine, b"coarse_label_names": coarse})
    for file, count in (("train", 100), ("test", 40)):
        classes = np.arange(count) % 100
        labels = {b"fine_labels": classes.tolist(), b"coarse_labels": (classes % 20).tolist()}
        _write(root / file, {b"data": _rows(classes // 10), **labels})


def _rows(classes: np.ndarray) -> np.ndarray:
    # Brightness tells the class, so that there is something to learn.
    noise = np.random.default_rng(1).integers(0, 20, (len(classes), 3072))
    return np.clip(classes[:, None] * 25 + noise, 0, 255).astype(np.uint8)


def _write(path: Path, content: dict[bytes, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The official files are of protocol 2, but Python 3 writes bytes in it in a way that Python 2 did not.
    path.write_bytes(pickle.dumps(content, protocol=4))
