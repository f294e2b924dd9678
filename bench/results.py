"""Results as files: bench/results/<name>.json, with the tables and plots that docs/performance.md shows of them.

    {"machine": {...}, "date": "2026-11-24", "tables": [Table, ...], "plots": [Plot, ...], ...}

Whatever else a file holds is there for whoever wants to count again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import machine

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True, kw_only=True)
class Table:
    title: str
    columns: Sequence[str]
    #: A cell for each column; figures are already words.
    rows: Sequence[Sequence[object]]
    note: str = ""

    def markdown(self) -> str:
        columns = zip(self.columns, *self.rows, strict=True)
        sides = ["---:" if _figures(column[1:]) else ":---" for column in columns]
        lines = [self.columns, sides, *self.rows]
        table = "\n".join(f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in line)} |" for line in lines)
        return "\n\n".join(filter(None, [f"**{self.title}**", table, self.note]))

    def text(self) -> str:
        """For a terminal: columns of equal width, figures to the right."""
        columns = [[str(cell) for cell in column] for column in zip(self.columns, *self.rows, strict=True)]
        padded = zip(*map(_padded, columns), strict=True)
        return "\n".join(filter(None, [self.title, *("  ".join(line).rstrip() for line in padded), self.note]))


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture in docs/performance/: for each name a bar, a bar of parts, or a line."""

    file: str
    title: str
    #: "bars", "stacks" or "lines".
    kind: str
    x: str
    y: str = ""
    #: Of bars: name -> (value, lowest, highest).
    bars: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    #: Of stacks: name -> part -> its length, in the order in which they lie.
    stacks: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    #: Of lines: name -> points (x, y); both axes are logarithmic.
    lines: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


def write(name: str, tables: Sequence[Table], plots: Sequence[Plot] = (), **raw: Any) -> Path:
    """Write bench/results/<name>.json with the machine's facts and the date; its path."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    whole = {
        "machine": machine.facts(),
        "date": machine.today(),
        "tables": [asdict(each) for each in tables],
        "plots": [asdict(each) for each in plots],
        **raw,
    }
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return path


def read(name: str) -> dict[str, Any] | None:
    """What bench/results/<name>.json holds; None if there is no such file."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def _padded(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    return [cell.rjust(width) if _figures(column[1:]) else cell.ljust(width) for cell in column]


def _figures(cells: Sequence[object]) -> bool:
    return any(str(cell)[:1].isdigit() for cell in cells)
