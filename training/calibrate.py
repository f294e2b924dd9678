"""Probabilities that mean what they say: temperature scaling (Guo et al. 2017, arXiv:1706.04599).

One number, chosen on the validation split, divides the logits. It is folded into the last layer, so that every
engine has it, no parameter is added and no answer changes, only how sure it claims to be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from training.errors import PublishError

BINS = 15
#: Temperatures that are tried; a model that is always right has its optimum at the lower edge.
RANGE = (0.05, 20.0)


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Per bin of confidence, (bins,) each: the mean confidence, the accuracy and how many images; NaN where none."""

    confidence: np.ndarray
    accuracy: np.ndarray
    images: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> "Reliability":
        """Sort answers by their confidence (N,) into `bins` bins of equal width, (low, high]; `right` is bool (N,)."""
        bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
        images = np.bincount(bin_of, minlength=bins)
        with np.errstate(invalid="ignore"):
            return cls(
                confidence=np.bincount(bin_of, confidence, bins) / images,
                accuracy=np.bincount(bin_of, right, bins) / images,
                images=images,
            )

    @property
    def error(self) -> float:
        """The mean distance of confidence and accuracy, 0 to 1, weighted by the images of each bin."""
        return float(np.nansum(self.images * np.abs(self.accuracy - self.confidence)) / self.images.sum())


def logits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What the last layer's softmax sees, float64 (N, classes). Raises PublishError if there is no such layer."""
    last = _last_dense(model)
    features = keras.Model(model.inputs, last.input).predict(images, batch_size=500, verbose=0)
    kernel, bias = (np.asarray(weights, np.float64) for weights in last.get_weights())
    return features.astype(np.float64) @ kernel + bias


def nll(scores: np.ndarray, classes: np.ndarray, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood, in nats, of `classes` (N,) under logits (N, classes) divided by `temperature`."""
    return -float(log_softmax(scores / temperature, axis=1)[np.arange(len(classes)), classes].mean())


def find_temperature(scores: np.ndarray, classes: np.ndarray) -> float:
    """The temperature at which confidence says best whether an answer is right, for logits (N, C), classes (N,).

    That is Top-versus-All (Le Coz et al. 2024, arXiv:2411.02988): the likelihood that counts is that of the likeliest
    class being right or wrong. That of all classes leaves networks of 100 classes too sure of the first.
    """
    right = scores.argmax(axis=1) == classes

    def loss(temperature: float) -> float:
        confidence = softmax(scores / temperature, axis=1).max(axis=1)
        return -float(np.log(np.where(right, confidence, 1 - confidence).clip(1e-12)).mean())

    return lowest(loss)


def lowest(loss: Callable[[float], float]) -> float:
    """The temperature in `RANGE` at which `loss` is lowest."""
    return float(np.exp(minimize_scalar(lambda log: loss(np.exp(log)), bounds=np.log(RANGE), method="bounded").x))


def fold(model: keras.Model, temperature: float) -> None:
    """Divide the last layer's kernel and bias by `temperature`, in place."""
    last = _last_dense(model)
    last.set_weights([weights / temperature for weights in last.get_weights()])


def reliability(probabilities: np.ndarray, classes: np.ndarray, bins: int = BINS) -> Reliability:
    """That of the first answers for probabilities (N, classes)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    return Reliability.of(confidence, probabilities.argmax(axis=1) == classes, bins)


def expected_calibration_error(probabilities: np.ndarray, classes: np.ndarray) -> float:
    """The error of the first answers for probabilities (N, classes), 0 to 1, in `BINS` bins."""
    return reliability(probabilities, classes).error


def _last_dense(model: keras.Model) -> keras.layers.Dense:
    last = model.layers[-1]
    dense = isinstance(last, keras.layers.Dense) and last.use_bias
    if not dense or last.activation is not keras.activations.softmax:
        raise PublishError(f"{model.name}: expected a Dense layer with bias and softmax at the end, found {last.name}")
    return last
