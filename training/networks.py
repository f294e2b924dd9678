"""The two networks of the original, layer for layer, and a stronger one.

Input uint8 (N, 32, 32, 3); output float32 probabilities (N, classes). Rescaling is the first layer, so every
engine and every client feeds raw pixels.
"""

from collections.abc import Sequence
from functools import partial

import keras
import numpy as np
from keras import layers

from training.errors import TrainingError

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


def large(*, classes: int, widths: Sequence[int], norm_momentum: float) -> keras.Model:
    """A network of the shape of cifar10-airbench96 (Jordan 2024, arXiv:2404.00498).

    A whitening layer of 2x2 patches that is set once and not trained (`prepare`), then three blocks of three
    convolutions, the last two of each with a way around them.
    """
    pixels = keras.Input((32, 32, 3), dtype="uint8", name="pixels")
    features = layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)
    features = layers.Conv2D(24, 2, use_bias=False, activation="gelu", trainable=False, name="whiten")(features)
    for block, width in enumerate(widths, start=1):
        step = partial(_step, width=width, norm_momentum=norm_momentum, block=f"block{block}")
        around = features = step(features, conv=1)
        features = step(step(features, conv=2), conv=3, around=around)
    features = layers.GlobalMaxPooling2D(name="pool")(features)
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name="large")


def _step(
    features: keras.KerasTensor,
    *,
    width: int,
    norm_momentum: float,
    block: str,
    conv: int,
    around: keras.KerasTensor | None = None,
) -> keras.KerasTensor:
    features = layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{block}_conv{conv}"
    )(features)
    if conv == 1:
        features = layers.MaxPooling2D(name=f"{block}_pool")(features)
    features = layers.BatchNormalization(momentum=norm_momentum, scale=False, name=f"{block}_norm{conv}")(features)
    if around is not None:
        features = layers.Add(name=f"{block}_add")([features, around])
    return layers.Activation("gelu", name=f"{block}_gelu{conv}")(features)


def multiply_adds(model: keras.Model) -> int:
    """How many multiplications with an addition one image takes in the convolutions and dense layers of `model`."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:-1]))
        elif isinstance(layer, layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def prepare(model: keras.Model, images: np.ndarray) -> None:
    """Give a new `large` network its start, from training images uint8 (N, H, W, 3); other networks need none.

    The whitening layer takes the principal components of the images' 2x2 patches, each divided by its deviation, and
    once more with the sign turned. The convolutions begin by passing their input on.
    """
    if "whiten" not in {layer.name for layer in model.layers}:
        return
    model.get_layer("whiten").set_weights([_whitening(images)])
    for layer in model.layers:
        if layer.name.startswith("block") and isinstance(layer, layers.Conv2D):
            (kernel,) = layer.get_weights()
            passed = range(min(kernel.shape[2:]))
            kernel[..., passed] = 0
            kernel[1, 1, passed, passed] = 1
            # Muon's steps are of one length, whatever the kernel's: all begin as long as orthogonal ones would be.
            layer.set_weights([kernel * np.sqrt(kernel.shape[-1]) / np.linalg.norm(kernel)])


def copy_layers(source: keras.Model, target: keras.Model) -> None:
    """Give `target` the weights of the layers that `source` has under the same name and in the same shapes.

    Raises TrainingError where there is none.
    """
    copied = 0
    known = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in target.layers:
        weights = known.get(layer.name, [])
        if weights and [array.shape for array in weights] == [array.shape for array in layer.get_weights()]:
            layer.set_weights(weights)
            copied += 1
    if not copied:
        raise TrainingError(f"no layer of {source.name} has the name and the shapes of one of {target.name}")


def _whitening(images: np.ndarray) -> np.ndarray:
    scaled = images[:5000].astype(np.float32) / 127.5 - 1
    patches = np.lib.stride_tricks.sliding_window_view(scaled, (2, 2), axis=(1, 2))
    variances, components = np.linalg.eigh(np.cov(patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 12).T))
    kernel = (components / np.sqrt(variances + 5e-4)).reshape(2, 2, 3, 12)
    return np.concatenate([kernel, -kernel], axis=-1)
