"""Images a second of `predict_on_batch`: reads lines of "PRECISION BATCH SECONDS", answers each with a number.

echo "float32 32 1" | python bench/peers/bulk-keras/rates.py models/cifar10
"""

import sys
import time
from pathlib import Path

import keras
import numpy as np


def in_bfloat16(model: keras.Model) -> keras.Model:
    """The same network in mixed_bfloat16; its answers stay float32."""

    def mixed(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        keeps = layer is model.layers[-1] or isinstance(layer, keras.layers.InputLayer)
        return type(layer).from_config(config if keeps else {**config, "dtype": "mixed_bfloat16"})

    copy = keras.models.clone_model(model, clone_function=mixed)
    copy.set_weights(model.get_weights())
    return copy


def rate(model: keras.Model, batch: int, seconds: float) -> float:
    pixels = np.random.default_rng(0).integers(0, 256, (batch, 32, 32, 3), np.uint8)
    model.predict_on_batch(pixels)
    runs, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        model.predict_on_batch(pixels)
        runs += 1
    return runs * batch / taken


def main(folder: Path) -> None:
    exact = keras.saving.load_model(folder / "model.keras", compile=False)
    models = {"float32": exact, "bfloat16": in_bfloat16(exact)}
    for line in sys.stdin:
        precision, batch, seconds = line.split()
        print(rate(models[precision], int(batch), float(seconds)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
