"""Training batches: shuffled, augmented, one-hot, from arrays in memory."""

import time
from dataclasses import dataclass

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a training image may be changed: moved by `shift` pixels, turned by `rotation` degrees, and flipped.

    `alternate` flips every image in every second epoch (Jordan 2024, arXiv:2404.00498) instead of by chance. `cutmix`
    is the share of the batches whose images get a box out of another image, and its label for the box's share of the
    area (Yun et al. 2019, arXiv:1905.04899).
    """

    shift: int = 3
    rotation: float = 0.0
    alternate: bool = True
    cutmix: float = 0.0


class TrainingBatches(keras.utils.PyDataset):
    """Batches of (uint8 (B, H, W, 3), float32 targets (B, classes)); the short rest of an epoch is dropped.

    What a batch holds depends on seed, epoch and index alone; `epoch` is the number of the first epoch to come. After
    `period` epochs the same batches come again.
    `seconds` is what making batches has taken so far, without what teachers took to answer: a bound of the time that
    the model can have waited for its input.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        *,
        batch: int,
        augmentation: Augmentation,
        seed: int,
        epoch: int = 0,
        period: int | None = None,
    ) -> None:
        super().__init__(workers=1)
        pad, size = augmentation.shift, images.shape[1:3]
        padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
        # (N, tops, lefts, H, W, 3), none of it copied: an image moved by any distance is one index.
        self._moved = sliding_window_view(padded, size, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        self.seconds = 0.0
        self._targets, self._batch = targets, batch
        self._augmentation, self._seed, self._next, self._period = augmentation, seed, epoch, period
        self._flipped_first = np.random.default_rng(seed).random(len(images)) < 0.5
        self._begin(epoch)

    def __len__(self) -> int:
        return len(self._targets) // self._batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        began = time.perf_counter()
        rows = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        images, targets = self._augmented(rows, rng), self._targets[rows]
        if rng.random() < self._augmentation.cutmix:
            images, targets = _cut_and_mixed(images, targets, rng)
        self.seconds += time.perf_counter() - began
        return images, targets

    def on_epoch_begin(self) -> None:
        # Counted here and not in on_epoch_end, which `fit` also calls before the first epoch.
        self._begin(self._next)
        self._next += 1

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch % self._period if self._period else epoch
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._targets))

    def _augmented(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        tops, lefts = rng.integers(0, self._moved.shape[1], (2, len(rows)))
        images, flips = self._moved[rows, tops, lefts], self._flips(rows, rng)
        images[flips] = images[flips, :, ::-1]
        return self._rotated(images, rng) if self._augmentation.rotation else images

    def _flips(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self._augmentation.alternate:
            return self._flipped_first[rows] ^ bool(self._epoch % 2)
        return rng.random(len(rows)) < 0.5

    def _rotated(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        angles = rng.uniform(-self._augmentation.rotation, self._augmentation.rotation, len(images))
        turned = [
            ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest")
            for image, angle in zip(images, angles, strict=True)
        ]
        return np.stack(turned)


def _cut_and_mixed(images: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One box for the whole batch; of its area any share is as likely as any other, but for what the edge cuts off."""
    size, other = np.array(images.shape[1:3]), rng.permutation(len(images))
    middle, half = rng.integers(0, size), size * np.sqrt(rng.random()) / 2
    (top, left), (bottom, right) = np.clip([middle - half, middle + half], 0, size).astype(int)
    images[:, top:bottom, left:right] = images[other, top:bottom, left:right]
    share = (bottom - top) * (right - left) / size.prod()
    return images, ((1 - share) * targets + share * targets[other]).astype(targets.dtype)
