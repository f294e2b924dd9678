"""Going on with an output: what it holds already is not sent again."""

import csv
import hashlib
import os
import shutil
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from cli.output import csv_header, parse_ndjson
from cli.walk import shown
from contract.errors import KerasqError

#: A complete line as it stands, its file, its model, and how many predictions it has; None where the file failed.
Row = tuple[bytes, str, str, int | None]
_BAD = (ValueError, KeyError, TypeError, IndexError, csv.Error)


class Done:
    """The files that need not be sent: 8 bytes each, whatever their names' lengths.

    Two names among n share a hash with probability n²/2⁶⁵: for a million files, 3 in 100 million. Such a file would be
    left out; the summary counts it as done before.
    """

    def __init__(self, hashes: "array[int] | None" = None) -> None:
        self._hashes = hashes or array("Q")
        if self._hashes:
            np.frombuffer(self._hashes, np.uint64).sort()  # in place

    def __contains__(self, file: str) -> bool:
        wanted = hash_of(file)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def __len__(self) -> int:
        return len(self._hashes)


def hash_of(file: str) -> int:
    return int.from_bytes(hashlib.blake2b(shown(file).encode(), digest_size=8).digest(), "little")


def resume(path: Path, form: str, model: str, top: int) -> Done:
    """Leave only whole, successful lines in the output at `path`, and say which files they are.

    The lines that stay are copied beside it and take its place at once, so that a crash loses nothing; a torn last line
    goes, and so do failed files, which are tried again. Raises KerasqError for a file that is no output of
    this model with this `top`, and leaves it as it is.
    """
    hashes, path = array("Q"), path.resolve()
    beside = path.with_name(f".{path.name}.resume")
    try:
        with path.open("rb") as old, beside.open("wb") as new:
            if form == "csv" and os.fstat(old.fileno()).st_size:
                new.write(csv_header(top))
            for raw, file, whose, predictions in _rows(old, form, top, path):
                if predictions is None:
                    continue
                if whose != model:
                    raise KerasqError(f"{path}: holds results of {whose}, not of {model}; {_OTHERWISE}")
                if predictions != top:
                    raise _other_top(path, predictions, top)
                new.write(raw)
                hashes.append(hash_of(file))
            new.flush()
            os.fsync(new.fileno())
        if beside.stat().st_size != path.stat().st_size:
            shutil.copymode(path, beside)
            beside.replace(path)
    except OSError as error:
        raise KerasqError(f"{path}: cannot be resumed: {error.strerror}") from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return Done(hashes)


_OTHERWISE = "give another -o, or --no-resume to write it anew"


def _rows(old: IO[bytes], form: str, top: int, path: Path) -> Iterator[Row]:
    """The whole rows; a last line that has no end is left out."""
    rows = _ndjson_rows(old) if form == "ndjson" else _csv_rows(old, top, path)
    count = 0
    try:
        for row in rows:
            count += 1
            yield row
    except _BAD:
        raise KerasqError(f"{path}: result {count + 1} is not one that kerasq wrote; {_OTHERWISE}") from None


def _ndjson_rows(old: IO[bytes]) -> Iterator[Row]:
    start = b'{"file":'
    for number, line in enumerate(old):
        if not line.endswith(b"\n"):
            if number == 0 and not (line.startswith(start) or start.startswith(line)):
                raise ValueError(line)
            return
        yield (line, *parse_ndjson(line))


def _other_top(path: Path, held: int, top: int) -> KerasqError:
    return KerasqError(f"{path}: holds {held} prediction{'s' * (held != 1)} a file, not {top}; {_OTHERWISE}")


def _csv_rows(old: IO[bytes], top: int, path: Path) -> Iterator[Row]:
    header, expected = old.readline(), csv_header(top)
    if header != expected:
        if expected.startswith(header):
            return
        if header == csv_header(held := header.count(b",label_")):
            raise _other_top(path, held, top)
        raise ValueError(header)
    taken: list[bytes] = []

    def lines() -> Iterator[str]:
        for line in old:
            taken.append(line)
            yield line.decode(errors="replace")

    reader = csv.reader(lines(), strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            if old.read(1):
                raise
            return  # torn within quotes, in the last line
        if not taken[-1].endswith(b"\n"):
            return
        if len(cells) != 2 * top + 3:
            raise ValueError(cells)
        file, model, *pairs, error = cells
        yield b"".join(taken), file, model, None if error else sum(map(bool, pairs[::2]))
