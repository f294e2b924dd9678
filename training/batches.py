"""Training batches: shuffled, augmented, one-hot, from arrays in memory."""

from dataclasses import dataclass

import keras
import numpy as np
from scipy import ndimage


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a training image may be changed: moved by `shift` pixels, turned by `rotation` degrees, and flipped.

    `alternate` flips every image in every second epoch (Jordan 2024, arXiv:2404.00498) instead of by chance.
    """

    shift: int = 3
    rotation: float = 0.0
    alternate: bool = True


class TrainingBatches(keras.utils.PyDataset):
    """Batches of (uint8 (B, 32, 32, 3), float32 one-hot (B, classes)); the short rest of an epoch is dropped.

    What a batch holds depends on seed, epoch and index alone; `epoch` is the number of the first epoch to come.
    """

    def __init__(
        self,
        images: np.ndarray,
        onehot: np.ndarray,
        *,
        batch: int,
        augmentation: Augmentation,
        seed: int,
        epoch: int = 0,
    ) -> None:
        super().__init__(workers=1)
        pad = augmentation.shift
        self._padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
        self._size, self._onehot, self._batch = images.shape[1], onehot, batch
        self._augmentation, self._seed, self._next = augmentation, seed, epoch
        self._flipped_first = np.random.default_rng(seed).random(len(images)) < 0.5
        self._begin(epoch)

    def __len__(self) -> int:
        return len(self._onehot) // self._batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        return self._augmented(rows, rng), self._onehot[rows]

    def on_epoch_begin(self) -> None:
        # Counted here and not in on_epoch_end, which `fit` also calls before the first epoch.
        self._begin(self._next)
        self._next += 1

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self._onehot))

    def _augmented(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        tops, lefts = rng.integers(0, 2 * self._augmentation.shift + 1, (2, len(rows)))
        span = np.arange(self._size)
        down = (tops[:, None] + span)[:, :, None]
        across = np.where(self._flips(rows, rng)[:, None], span[::-1], span) + lefts[:, None]
        images = self._padded[rows[:, None, None], down, across[:, None, :]]
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
