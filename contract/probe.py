"""A look at what a model answers, before it is served: it must be probabilities."""

from pathlib import Path

import numpy as np

from contract.card import Input
from contract.errors import BadModel

#: How far from 1 an image's sum may be: bfloat16 is as coarse as that.
TOLERANCE = 0.01


def sample(taken: Input) -> np.ndarray:
    """Black, white, and twice noise, the same every time: uint8 (4, height, width, channels)."""
    noise = np.random.default_rng(0).integers(0, 256, (2, *taken.shape), np.uint8)
    return np.concatenate([np.zeros_like(noise[:1]), np.full_like(noise[:1], 255), noise])


def check(path: Path, answers: np.ndarray, classes: int) -> None:
    """Raises BadModel, naming the file `path`, unless `answers` to `sample` are probabilities (4, classes)."""
    if answers.shape != (4, classes):
        raise BadModel(f"{path}: expected (4, {classes}) answers to 4 images, found {answers.shape}")
    sums = answers.sum(axis=1)
    furthest = float(sums[np.abs(sums - 1).argmax()])  # a NaN is the furthest of all
    lowest = float(answers.min())
    # Not the opposite comparisons, which a NaN would pass.
    if not (abs(furthest - 1) <= TOLERANCE and lowest >= 0):
        raise BadModel(
            f"{path}: expected probabilities, as a softmax gives them, found outputs from {lowest:.4g} on "
            f"that sum to {furthest:.4g} instead of 1"
        )
