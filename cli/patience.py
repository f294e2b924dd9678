"""Trying again while the queue is away or full, for as long as the user wishes."""

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from contract.errors import TRY_AGAIN, QueueUnavailable

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
T = TypeVar("T")


class Seconds(click.FloatRange):
    """An option's value: seconds from 0 on, for ever included."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):  # which is neither below a bound nor above it
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


class Patience:
    """Does steps on the queue. Who starts without a queue hears so at once: it is waited for after the first step."""

    def __init__(self, seconds: float, say: Callable[[str], None], *, heed: bool = False) -> None:
        """With `heed`, no step is tried again before an error's `retry_after`: a server asks so, a queue does not."""
        self._seconds, self._say, self._heed = seconds, say, heed
        self._begun = False

    def __call__(self, step: Callable[[], T]) -> T:
        """Do a step, again and again with longer pauses.

        Raises QueueFull, QueueUnavailable or TooManyRequests when the time is over.
        """
        pause, since = FIRST_PAUSE, 0.0
        while True:
            try:
                done = step()
            except TRY_AGAIN as error:
                if isinstance(error, QueueUnavailable) and not self._begun:
                    raise
                now = time.monotonic()
                if not since:
                    since = now
                    self._say(f"{error}; trying again for {self._seconds:g} s")
                if now - since >= self._seconds:
                    raise type(error)(f"{error}; gave up after {self._seconds:g} s") from error
                told = (error.retry_after or 0) if self._heed else 0
                time.sleep(min(max(pause, told), max(0.0, since + self._seconds - now)))
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                self._begun = True
                return done
