"""How many images have a relative among those that a model learnt from: the same picture, or one much like it.

CIFAR has such pairs across its splits (Barz and Denzler 2020, arXiv:1902.00423). Two images are as alike as their
pixels correlate, one of them mirrored or not and moved by up to two pixels.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training import data, study

#: Correlations from which on two images are relatives, and nearly the same.
RELATIVES, SAME = 0.9, 0.95
#: Of how many training images, those most like it at a quarter of the size, the nearest is looked for.
CANDIDATES = 5
#: Whose images are looked for among whose training images.
PAIRS = (("cifar10", "cifar10"), ("cifar100", "cifar100"), ("cifar10", "cifar100"))


def count(data_dir: Path) -> Path:
    """Write `relatives.csv`: the share in percent of validation and test images that have a relative."""
    rows = []
    for name, among in PAIRS:
        training = data.load(among, data_dir).train.images
        for split in ("validation", "test"):
            alike = nearest(getattr(data.load(name, data_dir), split).images, training)
            shares = {f"{limit} or more": f"{100 * (alike >= limit).mean():.2f}" for limit in (RELATIVES, SAME)}
            rows.append({"images": f"{name}, {split}", "among the training images of": among, **shares})
    return study.write("relatives", tuple(rows[0]), rows)


def nearest(images: np.ndarray, training: np.ndarray) -> np.ndarray:
    """How alike each of the images uint8 (N, 32, 32, 3) and its nearest among (M, 32, 32, 3) are, (N,), at most 1."""
    both = np.concatenate([training, training[:, :, ::-1]])
    small = _flat(_reduced(both))
    found = np.empty(len(images))
    for first in range(0, len(images), 500):
        scores = _flat(_reduced(images[first : first + 500])) @ small.T
        best = np.argpartition(-scores, CANDIDATES, axis=1)[:, :CANDIDATES]
        for place, candidates in enumerate(best, start=first):
            found[place] = max(_alike(images[place], both[candidates]))
    return found


def _alike(image: np.ndarray, candidates: np.ndarray) -> Iterator[float]:
    """The best correlation with candidates (K, 32, 32, 3), for every move of the image."""
    height, width, _ = image.shape
    for down in (-2, 0, 2):
        for right in (-2, 0, 2):
            top, left = max(0, down), max(0, right)
            part = image[top : height + min(0, down), left : width + min(0, right)]
            others = candidates[:, top - down : height - max(0, down), left - right : width - max(0, right)]
            yield float((_flat(others) @ _flat(part[None])[0]).max())


def _reduced(images: np.ndarray) -> np.ndarray:
    """Means of 4 x 4 pixels."""
    count, height, width, channels = images.shape
    return images.reshape(count, height // 4, 4, width // 4, 4, channels).mean((2, 4), dtype=np.float32)


def _flat(images: np.ndarray) -> np.ndarray:
    """A row for each, without its mean and of length 1, so that products of two are their correlations."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
