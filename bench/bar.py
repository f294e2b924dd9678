"""A bar: what a figure must be, what it is, and whether that is enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.results import Table
from bench.spread import plain


@dataclass(frozen=True, kw_only=True)
class Bar:
    """`found` must be at least `wanted`, or at most; None where this machine cannot tell. No `wanted`: only told."""

    name: str
    wanted: float | None
    found: float | None
    unit: str = ""
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.found is None or self.wanted is None:
            return None
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    def row(self) -> list[str]:
        sign = "at most" if self.at_most else "at least"
        wanted = "–" if self.wanted is None else f"{sign} {plain(self.wanted)}{self.unit}"
        lacking = "–" if self.wanted is None else "cannot be measured here"
        found = lacking if self.found is None else f"{plain(self.found)}{self.unit}"
        met = {True: "yes", False: "no", None: "–"}[self.met]
        return [self.name, wanted, found, met]


def table(bars: Sequence[Bar], note: str = "") -> Table:
    return Table(title="Bars", columns=["bar", "wanted", "found", "met"], rows=[bar.row() for bar in bars], note=note)
