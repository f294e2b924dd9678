"""A request's images -> pixels, in turns with the other requests of the process."""

import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from gevent.threadpool import ThreadPool

from api.uploads import Upload
from contract.card import Input
from contract.errors import KerasqError, TooLarge
from contract.images import decode

#: Seconds of decoding after which the other requests of the process have their turn.
TURN = 0.005
#: How many times the pixels of the largest picture those of one request may have together, but for JPEGs.
TOGETHER = 8


class TooManyPixels(TooLarge):
    """A request's pictures are each small enough, and too large together."""


class Budget:
    """The pixels that the pictures of one request may have together."""

    def __init__(self, pixels: int) -> None:
        self._all = self._left = pixels

    def spend(self, pixels: int) -> None:
        """Raises TooManyPixels."""
        self._left -= pixels
        if self._left < 0:
            raise TooManyPixels(
                f"the images that are no JPEGs have more than {self._all:,} pixels together; send fewer at once"
            )


def decoded(images: Sequence[Upload], wanted: Input, max_pixels: int) -> tuple[np.ndarray, dict[int, tuple[str, str]]]:
    """The pixels, uint8 (N, height, width, channels), of the images that can be used; title and detail of the others,
    by their position.

    Raises a lone image's error, and TooManyPixels.
    """
    size = wanted.height, wanted.width
    budget, since = Budget(TOGETHER * max_pixels), time.monotonic()
    pixels, refused = [], {}
    for position, image in enumerate(images):
        if time.monotonic() - since > TURN:
            time.sleep(0.0001)  # for none at all, gevent would look at other connections only every fiftieth time
            since = time.monotonic()
        try:
            if isinstance(image.content, KerasqError):
                raise image.content
            made = decode(
                image.content, size, max_pixels=max_pixels, channels=wanted.channels, spend=budget.spend, aside=_aside
            )
            pixels.append(made)
        except KerasqError as error:
            if len(images) == 1 or isinstance(error, TooManyPixels):
                raise
            refused[position] = error.title, str(error)
    return np.array(pixels, np.uint8), refused


def _aside(work: Callable[[], np.ndarray]) -> np.ndarray:
    made = _thread().apply(_outcome, (work,))
    if isinstance(made, Exception):
        raise made
    return made


def _outcome(work: Callable[[], np.ndarray]) -> np.ndarray | Exception:
    try:
        return work()
    except Exception as error:  # gevent would print it, and a damaged picture is no news
        return error


@cache
def _thread() -> ThreadPool:
    """One for all, so that no two large pictures take memory at once; each process its own, begun after the fork."""
    return ThreadPool(1)
