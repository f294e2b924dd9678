"""Results as NDJSON, as CSV, or as a table on a terminal; written a block at a time."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import IO, Any, Protocol

import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from cli.paper import harmless
from cli.walk import shown
from contract.errors import KerasqError
from contract.jobs import Result

#: Probabilities are written to this many places: more would be the engine's noise.
PLACES = 6
#: Columns that a table leaves for the files' names at least.
NAME = 16
Rows = Sequence[tuple[str, Result]]


class Output(Protocol):
    """Takes results in order."""

    def write(self, rows: Rows) -> None: ...


class Ndjson:
    """A JSON object a line: `file`, `model`, and `predictions` or `error`."""

    def __init__(self, file: IO[bytes], model: str) -> None:
        self._file, self._model = file, model

    def write(self, rows: Rows) -> None:
        _put(self._file, b"".join(orjson.dumps(self._facts(file, result)) + b"\n" for file, result in rows))

    def _facts(self, file: str, result: Result) -> dict[str, Any]:
        return {"file": shown(file), "model": self._model, **_outcome(result)}


class Csv:
    """A line a file: the model, label and probability of each prediction, and the error."""

    def __init__(self, file: IO[bytes], model: str, top: int, *, header: bool = True) -> None:
        self._file, self._model, self._top = file, model, top
        if header:
            _put(file, csv_header(top))

    def write(self, rows: Rows) -> None:
        _put(self._file, "".join(_csv_line(self._cells(file, result)) for file, result in rows).encode())

    def _cells(self, file: str, result: Result) -> list[Any]:
        start = [shown(file), self._model]
        if result.error:
            return [*start, *[""] * (2 * self._top), ": ".join(result.error)]
        pairs = [cell for each in result.predictions for cell in (each.label, f"{each.probability:.{PLACES}f}")]
        return [*start, *pairs, *[""] * (2 * self._top - len(pairs)), ""]


def _csv_line(cells: Sequence[object]) -> str:
    """A line that ends in a line feed. The writer's own end has both, so that it quotes cells with either of them."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def csv_header(top: int) -> bytes:
    columns = [f"{name}_{place}" for place in range(1, top + 1) for name in ("label", "probability")]
    return (",".join(["file", "model", *columns, "error"]) + "\n").encode()


class Table:
    """Columns for people. Their widths are fixed beforehand, so that nothing waits for the last row."""

    def __init__(self, console: Console, labels: Sequence[str], top: int) -> None:
        self._console, self._top = console, top
        self._label = max(len("label"), *(cell_len(harmless(label)) for label in labels))
        fit = console.width >= NAME + top * (self._label + 6 + 2)
        #: Predictions beside one another; where they do not fit, each has a line.
        self._across = top if fit else 1
        self._header = True

    def write(self, rows: Rows) -> None:
        try:
            self._print(rows)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable("the table", error) from None

    def _print(self, rows: Rows) -> None:
        whole = not self._console.is_terminal  # a live bar loses its place below lines that wrap by themselves
        for failed, group in groupby(rows, lambda row: row[1].error is not None):
            if failed:
                for file, result in group:
                    words = harmless(f"{shown(file)}: {': '.join(result.error or ())}")
                    self._console.print(words, style="red", markup=False, highlight=False, soft_wrap=whole)
            else:
                self._console.print(self._grid(group))

    def _grid(self, rows: Iterable[tuple[str, Result]]) -> "Grid":
        grid = Grid(box=None, show_header=self._header, pad_edge=False, expand=True, header_style="bold")
        grid.add_column("file", ratio=1, overflow="fold")
        for _ in range(self._across):
            grid.add_column("label", width=self._label)
            grid.add_column("", width=6, justify="right")
        self._header = False
        for file, result in rows:
            for first in range(0, len(result.predictions), self._across):
                line = result.predictions[first : first + self._across]
                cells = [cell for each in line for cell in (plain(each.label), f"{each.probability:.1%}")]
                grid.add_row("" if first else plain(shown(file)), *cells)
        return grid


def plain(text: str) -> str:
    """What rich prints as it is: no part of it is markup."""
    return escape(harmless(text))


def _outcome(result: Result) -> dict[str, Any]:
    if result.error:
        return {"error": {"title": result.error[0], "detail": shown(result.error[1])}}
    predictions = [{"label": each.label, "probability": round(each.probability, PLACES)} for each in result.predictions]
    return {"predictions": predictions}


def _put(file: IO[bytes], block: bytes) -> None:
    try:
        file.write(block)
        file.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(getattr(file, "name", "output"), error) from None


def unwritable(output: object, error: OSError) -> KerasqError:
    return KerasqError(f"{output}: cannot be written: {error.strerror or error}")


def parse_ndjson(line: bytes) -> tuple[str, str, int | None]:
    """The file of a line, its model, and how many predictions it has, None if it failed.

    Raises ValueError, KeyError or TypeError where it is no such line.
    """
    facts = json.loads(line)
    return str(facts["file"]), str(facts["model"]), None if "error" in facts else len(facts["predictions"])
