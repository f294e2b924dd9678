"""One figure from several rounds."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of the rounds, and the rounds it lies between."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Spread | None":
        """None where no round has a value."""
        known = [value for value in values if value is not None]
        return cls(median=statistics.median(known), lowest=min(known), highest=max(known)) if known else None

    def __str__(self) -> str:
        return f"{plain(self.median)} ({plain(self.lowest)}–{plain(self.highest)})"


def plain(value: float | None) -> str:
    """A number with three digits that matter, or a dash for none."""
    if value is None:
        return "–"
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f}"
