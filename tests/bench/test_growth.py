"""Order, tables and bars of what grows with what waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from bench import growth, memory
from bench.drain import Drain
from bench.growth import At

SHORT = At(submit_ms=1.0, submits_s=9000, drain_images_s=1500, answer_ms=200, bytes_an_image=4096)
LONG = replace(SHORT, submit_ms=1.1, drain_images_s=1000, bytes_an_image=5120)
ROUNDS = [{1000: SHORT, 1_000_000: LONG}] * 3
PEAKS = {1000: [100 * 2**20] * 3, 100_000: [110 * 2**20] * 3}


def test_bars_compare_the_longest_queue_with_the_shortest() -> None:
    found = {bar.name.partition(",")[0]: bar for bar in growth.bars(ROUNDS, PEAKS)}
    assert found["time of a submit"].met
    assert found["the worker's time for an image"].found == 1.5
    assert not found["the worker's time for an image"].met
    assert found["time to an urgent job's answer"].found == 1.0
    assert found["Redis for an image"].found == 5.0
    assert found["memory of kerasq classify"].met


def test_tables_have_a_row_for_each_length() -> None:
    assert [row[0] for row in growth.queue_table(ROUNDS).rows] == ["1,000", "1,000,000"]
    assert [row[0] for row in growth.files_table(PEAKS).rows] == ["1,000", "100,000"]
    line = growth.plots(ROUNDS)[0].lines["submit of one"]
    assert line == [(1000, 1.0), (1_000_000, 1.1)]


def test_lengths_are_sorted() -> None:
    assert growth._numbers("100,10") == (10, 100)


def test_the_stack_and_the_start_have_their_bars() -> None:
    assert [bar.met for bar in memory.bars([340e6, 349e6, 360e6], [1.9, 2.1, 2.2])] == [True, False]


class Queue:
    """A backlog that only counts, and notes what is done to it in the order of all."""

    def __init__(self, url: str, done: list[tuple[str, str]]) -> None:
        self.url, self.done, self.length = url, done, 0

    def waiting(self) -> int:
        return self.length

    def used_bytes(self) -> int:
        return 4000 * self.length

    def rest(self) -> None:
        self.done.append(("rest", self.url))

    def grow(self, length: int) -> float:
        self.done.append(("grow", self.url))
        self.length = max(self.length, length)
        return 0.5

    def submit_ms(self, times: int) -> list[float]:
        self.done.append(("submit", self.url))
        return [1.0] * times


def test_all_queues_are_full_and_settled_before_any_submit_is_timed_and_then_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[tuple[str, str]] = []
    drained: dict[str, int] = {}
    urls = iter(("short", "long"))

    @contextmanager
    def running() -> Iterator[str]:
        yield next(urls)

    def drain(queue: Queue, url: str, length: int, seconds: float) -> Drain:
        drained[url] = length
        return Drain(images_s=2000, answer_ms=50)

    monkeypatch.setattr(growth.valkey, "running", running)
    monkeypatch.setattr(growth, "Backlog", lambda url: Queue(url, done))
    monkeypatch.setattr(growth, "drain", drain)
    found = growth.measure([1600, 160_000], seconds=1)
    settled = max(index for index, (what, _) in enumerate(done) if what == "rest")
    assert (
        done[settled + 1 :] == [(what, url) for url in ("short", "long") for what in ("submit", "grow")] * growth.TURNS
    )
    assert drained == {"short": 1700 + growth.TURNS * growth.TOGETHER, "long": 170_000 + growth.TURNS * growth.TOGETHER}
    assert found[160_000] == At(
        submit_ms=1.0, submits_s=2 * growth.TOGETHER, drain_images_s=2000, answer_ms=50, bytes_an_image=4000
    )
