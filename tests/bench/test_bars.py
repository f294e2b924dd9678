"""What a bar says of a figure."""

from bench.bar import Bar, table


def test_a_bar_is_met_at_its_edge() -> None:
    assert Bar(name="speed", wanted=2.0, found=2.0).met is True
    assert Bar(name="speed", wanted=2.0, found=1.99).met is False
    assert Bar(name="memory", wanted=350, found=350, at_most=True).met is True
    assert Bar(name="memory", wanted=350, found=351, at_most=True).met is False


def test_what_this_machine_cannot_measure_is_neither_met_nor_missed() -> None:
    bar = Bar(name="bfloat16", wanted=2.2, found=None, unit=" x")
    assert bar.met is None
    assert bar.row() == ["bfloat16", "at least 2.20 x", "cannot be measured here", "–"]


def test_the_table_has_a_row_for_each_bar() -> None:
    bars = [Bar(name="speed", wanted=4.0, found=5.6, unit=" x"), Bar(name="start", wanted=2, found=6.2, at_most=True)]
    assert table(bars).rows == [
        ["speed", "at least 4.00 x", "5.60 x", "yes"],
        ["start", "at most 2.00", "6.20", "no"],
    ]
