import os
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from cli.window import AHEAD, Window
from contract.card import Input
from contract.jobs import CHUNK, Prediction, Result
from tests.cli.conftest import picture


class Carrier:
    """Answers a job only when it must; remembers the most that was under way."""

    def __init__(self) -> None:
        self.under_way: dict[str, np.ndarray] = {}
        self.sent, self.most, self.polled = 0, 0, 0
        self.kept: list[weakref.ref] = []

    def send(self, pixels: np.ndarray) -> str:
        self.sent += 1
        self.under_way[str(self.sent)] = pixels
        self.kept.append(weakref.ref(pixels))
        self.most = max(self.most, len(self.under_way))
        return str(self.sent)

    def fetch(self, job_id: str, timeout: float) -> Sequence[Result] | None:
        if not timeout:
            return None
        self.polled += 1
        if self.polled % 2:
            return None
        reds = self.under_way.pop(job_id)[:, 0, 0, 0]
        return [Result(predictions=(Prediction(label=str(red), probability=1.0),)) for red in reds]

    def close(self) -> None:
        self.under_way.clear()


@pytest.fixture
def reds(tmp_path: Path) -> list[str]:
    """Pictures of ten reds."""
    return [str(picture(tmp_path / f"{red}.png", red)) for red in range(10)]


def window(carrier: Carrier, width: int, idle=lambda: None) -> Window:
    return Window(carrier, Input(height=8, width=8), max_pixels=1000, width=width, idle=idle)


def test_answers_come_in_the_order_of_files_with_errors_in_place(reds: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no")
    (tmp_path / "big.png").write_bytes(picture(tmp_path / "x.png").read_bytes() + bytes(9000))
    files = [reds[1], str(tmp_path / "bad.png"), reds[2], str(tmp_path), "/nowhere.png", str(tmp_path / "big.png")]
    (rows,) = window(Carrier(), 2).answers(files)
    assert [file for file, _ in rows] == files
    assert [rows[0][1].predictions[0].label, rows[2][1].predictions[0].label] == ["1", "2"]
    titles = [result.error and result.error[0] for _, result in rows]
    assert titles == [None, "Not an image", None, "Not an image", "Unreadable file", "Too large"]


def test_however_many_files_a_few_jobs_are_under_way(reds: list[str]) -> None:
    carrier, taken, answered, furthest = Carrier(), 0, 0, 0

    def files() -> Iterator[str]:
        nonlocal taken, furthest
        for number in range(20 * CHUNK + 5):
            taken += 1
            furthest = max(furthest, taken - answered)
            yield reds[number % 10]

    for rows in window(carrier, 3).answers(files()):
        labels = [result.predictions[0].label for _, result in rows]
        assert labels == [str((answered + place) % 10) for place in range(len(rows))]
        answered += len(rows)
    assert answered == taken == 20 * CHUNK + 5
    assert (carrier.sent, carrier.most) == (21, 3)
    assert furthest <= (3 + AHEAD + 1) * CHUNK


def test_a_chunk_of_bad_files_makes_no_job(tmp_path: Path) -> None:
    carrier = Carrier()
    (rows,) = window(carrier, 2).answers([str(tmp_path / "gone.png")])
    assert rows[0][1].error
    assert carrier.sent == 0


def test_a_wait_is_told(reds: list[str]) -> None:
    told = []
    list(window(Carrier(), 2, lambda: told.append(1)).answers(reds))
    assert told == [1]


def test_who_stops_waits_only_for_the_files_that_are_being_read(reds: list[str], monkeypatch) -> None:
    begun: list[str] = []

    def slow(file: str, max_pixels: int) -> bytes:
        begun.append(file)
        time.sleep(0.02 if len(begun) > CHUNK else 0)
        return Path(file).read_bytes()

    monkeypatch.setattr("cli.decode.read", slow)
    answers = window(Carrier(), 1).answers(reds[number % 10] for number in range(4 * CHUNK))
    next(answers)
    answers.close()
    when_closed = len(begun)
    time.sleep(0.3)
    assert CHUNK < when_closed < 3 * CHUNK
    assert len(begun) - when_closed <= (os.cpu_count() or 1)


def test_no_files_no_answers() -> None:
    assert list(window(Carrier(), 2).answers([])) == []


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (rows,) = window(Carrier(), 2).answers([str(tmp_path / "pipe.png")])
    assert rows[0][1].error == ("Not an image", "it is not a regular file")


def test_pixels_are_forgotten_once_they_are_sent(reds: list[str]) -> None:
    carrier = Carrier()
    answers = window(carrier, 3).answers(reds[number % 10] for number in range(2 * CHUNK))
    next(answers)
    assert carrier.sent == 2
    carrier.under_way.clear()
    assert [kept() for kept in carrier.kept] == [None, None]
    answers.close()
