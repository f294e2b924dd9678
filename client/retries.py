"""Trying again what the server cannot do now."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from contract.errors import TRY_AGAIN

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
T = TypeVar("T")


class Retry(Protocol):
    """Does a step, and decides whether and when to do it again. The step may be repeated without harm."""

    def __call__(self, step: Callable[[], T], /) -> T: ...


class Patience:
    """Tries again for so many seconds: after longer and longer pauses, or later where the server says so."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, step: Callable[[], T]) -> T:
        """Raises what the step raises, what is worth another try once the time is over."""
        pause, end = FIRST_PAUSE, time.monotonic() + self._seconds
        while True:
            try:
                return step()
            except TRY_AGAIN as error:
                told = max(pause, error.retry_after or 0)
                if time.monotonic() + told > end:
                    raise
                time.sleep(told)
                pause = min(LONGEST_PAUSE, pause * 2)
