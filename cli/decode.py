"""Files -> pixels, in threads, a chunk's worth at a time."""

# Paths are text here: a Path for each of 100,000 files would cost about as much as reading it.
# ruff: noqa: PTH116, PTH123

import os
import stat
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np

from contract import images
from contract.card import Input
from contract.errors import KerasqError, NotAnImage, TooLarge, UnusableImage

#: Files that a thread takes at once: enough that handing them over costs nothing, few enough to share big photos out.
HANDFUL = 32
#: No picture within the limit of pixels has more bytes than this for each (16 bits, four channels).
BYTES_A_PIXEL = 8


class Chunk:
    """Files whose good images make one job. `errors` has the title and detail of each bad one, by position."""

    def __init__(self, files: Sequence[str], taken: Input) -> None:
        self.files = files
        self.errors: dict[int, tuple[str, str]] = {}
        self._pixels = np.empty((len(files), *taken.shape), np.uint8)
        self._reading: list[Future[None]] = []

    def begin(self, pool: ThreadPoolExecutor, max_pixels: int, over: Event) -> None:
        """Once it is `over`, nobody wants the rest."""
        for first in range(0, len(self.files), HANDFUL):
            self._reading.append(pool.submit(self._read, range(first, first + HANDFUL), max_pixels, over))

    def pixels(self) -> np.ndarray:
        """The good images, uint8 (N, height, width, channels), once all are read; to be asked for once, for they go."""
        for reading in self._reading:
            reading.result()
        pixels, self._pixels = self._pixels, np.empty((0, 0, 0, 0), np.uint8)
        return np.delete(pixels, list(self.errors), axis=0) if self.errors else pixels

    def _read(self, positions: range, max_pixels: int, over: Event) -> None:
        size, channels = self._pixels.shape[1:3], self._pixels.shape[3]
        for position, file in zip(positions, self.files[positions.start : positions.stop], strict=False):
            if over.is_set():
                return
            try:
                content = read(file, max_pixels)
                self._pixels[position] = images.decode(content, size, max_pixels=max_pixels, channels=channels)
            except OSError as error:
                self.errors[position] = ("Unreadable file", f"the file cannot be read: {error.strerror}")
            except KerasqError as error:
                self.errors[position] = (error.title, str(error))
            except Exception as error:  # one odd file must not end the run of all others
                self.errors[position] = (UnusableImage.title, f"the image cannot be decoded: {error!r}")


def read(file: str, max_pixels: int) -> bytes:
    """The file's bytes. Raises OSError, NotAnImage for what is no file, or TooLarge before reading a giant."""
    facts = os.stat(file)
    if not stat.S_ISREG(facts.st_mode):
        kind = "a folder that cannot be listed" if stat.S_ISDIR(facts.st_mode) else "not a regular file"
        raise NotAnImage(f"it is {kind}")
    if facts.st_size > max_pixels * BYTES_A_PIXEL:
        raise TooLarge(f"the file has {facts.st_size:,} bytes; at most {max_pixels * BYTES_A_PIXEL:,} are taken")
    with open(file, "rb", buffering=0) as opened:
        return opened.readall()
