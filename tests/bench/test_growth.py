"""Tables and bars of what grows with what waits."""

from dataclasses import replace

from bench import growth, memory
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
