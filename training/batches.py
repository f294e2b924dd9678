"""Training batches: shuffled, augmented, one-hot, from arrays in memory."""

import time
from dataclasses import dataclass

import keras
import numpy as np
from scipy import ndimage

#: What fills a cut-out square: the middle of the pixels' range.
GREY = 128


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a training image may be changed: moved by `shift` pixels, turned by `rotation` degrees, and flipped.

    `cutout` greys out a square of that many pixels a side, anywhere in the image (DeVries and Taylor 2017,
    arXiv:1708.04552). `alternate` flips every image in every second epoch (Jordan 2024, arXiv:2404.00498) instead
    of by chance.
    """

    shift: int = 3
    rotation: float = 0.0
    cutout: int = 0
    alternate: bool = True


class TrainingBatches(keras.utils.PyDataset):
    """Batches of (uint8 (B, 32, 32, 3), float32 targets (B, ...)); the short rest of an epoch is dropped.

    What a batch holds depends on seed, epoch and index alone; `epoch` is the number of the first epoch to come. With
    `size` the images are random crops of that many pixels a side; `mirrored` holds the targets of flipped images where
    they are others. `seconds` is what making batches has taken so far: a bound of the time that the model can
    have waited for them.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        *,
        mirrored: np.ndarray | None = None,
        batch: int,
        augmentation: Augmentation,
        seed: int,
        epoch: int = 0,
        size: int | None = None,
    ) -> None:
        super().__init__(workers=1)
        pad = augmentation.shift
        self._padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
        self.seconds = 0.0
        self._size, self._batch = size or images.shape[1], batch
        self._targets = np.stack([targets, targets if mirrored is None else mirrored])
        self._augmentation, self._seed, self._next = augmentation, seed, epoch
        self._flipped_first = np.random.default_rng(seed).random(len(images)) < 0.5
        self._begin(epoch)

    def __len__(self) -> int:
        return self._targets.shape[1] // self._batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        began = time.perf_counter()
        rows = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        tops, lefts = rng.integers(0, self._padded.shape[1] - self._size + 1, (2, len(rows)))
        flips = self._flips(rows, rng)
        made = self._augmented(rows, tops, lefts, flips, rng), self._targets[flips.astype(int), rows]
        self.seconds += time.perf_counter() - began
        return made

    def on_epoch_begin(self) -> None:
        # Counted here and not in on_epoch_end, which `fit` also calls before the first epoch.
        self._begin(self._next)
        self._next += 1

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(self._targets.shape[1])

    def _augmented(
        self, rows: np.ndarray, tops: np.ndarray, lefts: np.ndarray, flips: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        span = np.arange(self._size)
        down = (tops[:, None] + span)[:, :, None]
        across = np.where(flips[:, None], span[::-1], span) + lefts[:, None]
        images = self._padded[rows[:, None, None], down, across[:, None, :]]
        images = self._rotated(images, rng) if self._augmentation.rotation else images
        return self._cut_out(images, rng) if self._augmentation.cutout else images

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

    def _cut_out(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        span = np.arange(self._augmentation.cutout)
        tops, lefts = rng.integers(0, self._size - len(span) + 1, (2, len(images)))
        down, across = (tops[:, None] + span)[:, :, None], (lefts[:, None] + span)[:, None]
        images[np.arange(len(images))[:, None, None], down, across] = GREY
        return images
