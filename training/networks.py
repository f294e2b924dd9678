"""The two networks of the original, layer for layer.

Input uint8 (N, 32, 32, 3); output float32 probabilities (N, classes). Rescaling is the first layer, so every
engine and every client feeds raw pixels.
"""

from collections.abc import Sequence

import keras
from keras import layers

WIDTHS = (32, 64, 128)


def _trunk(pixels: keras.KerasTensor, dropouts: Sequence[float], l2: float) -> keras.KerasTensor:
    features = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    for block, (width, rate) in enumerate(zip(WIDTHS, dropouts, strict=True), start=1):
        for conv in (1, 2):
            features = layers.Conv2D(
                width,
                3,
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
                kernel_regularizer=keras.regularizers.L2(l2),
                name=f"block{block}_conv{conv}",
            )(features)
            features = layers.BatchNormalization(name=f"block{block}_norm{conv}")(features)
        features = layers.MaxPooling2D(name=f"block{block}_pool")(features)
        features = layers.Dropout(rate, name=f"block{block}_dropout")(features)
    return layers.Flatten(name="flatten")(features)


def _dense(width: int, l2: float, name: str) -> layers.Dense:
    return layers.Dense(
        width,
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(l2),
        name=name,
    )


def cifar10(*, dropouts: Sequence[float], head_dropout: float, l2: float) -> keras.Model:
    """Six convolutions and one hidden layer: 1,343,018 parameters, 1,342,122 of them trainable."""
    pixels = keras.Input((32, 32, 3), dtype="uint8", name="pixels")
    features = _dense(512, l2, "hidden1")(_trunk(pixels, dropouts, l2))
    features = layers.Dropout(head_dropout, name="hidden1_dropout")(features)
    probabilities = layers.Dense(10, activation="softmax", dtype="float32", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name="cifar10")


def cifar100(*, dropouts: Sequence[float], head_dropout: float, l2: float) -> keras.Model:
    """The larger twin, two hidden layers: 2,965,124 parameters, 2,963,204 of them trainable."""
    pixels = keras.Input((32, 32, 3), dtype="uint8", name="pixels")
    features = _dense(1024, l2, "hidden1")(_trunk(pixels, dropouts, l2))
    features = layers.Dropout(head_dropout, name="hidden1_dropout")(features)
    features = _dense(512, l2, "hidden2")(features)
    features = layers.BatchNormalization(name="hidden2_norm")(features)
    features = layers.Dropout(head_dropout, name="hidden2_dropout")(features)
    probabilities = layers.Dense(100, activation="softmax", dtype="float32", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name="cifar100")


def copy_trunk(source: keras.Model, target: keras.Model) -> None:
    """Start `target`'s convolution blocks from `source`'s; the heads stay as they are."""
    for layer in target.layers:
        if layer.name.startswith("block"):
            layer.set_weights(source.get_layer(layer.name).get_weights())
