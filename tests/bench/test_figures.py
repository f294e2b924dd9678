"""Rounds become medians, ratios and bars."""

from bench import bars, figures
from bench.spread import Spread, plain
from tests.bench.servers import absent, server

SERVERS = {
    "kerasq-wait": server("kerasq, wait", {1: 250, 16: 600, 64: 800}),
    "kerasq-poll": server("kerasq, poll", {1: 80, 16: 500, 64: 900}),
    "flask-celery": {**server("Flask + Celery", {1: 50, 16: 100, 64: 100}, errors=1), "polls_every_s": 0.01},
    "flask": server("Flask alone", {1: 300, 16: 900, 64: 1000}),
    "mosec": absent("mosec"),
}


def cell(title: str, name: str, column: str) -> object:
    table = next(each for each in [*figures.tables(SERVERS), bars.table(SERVERS)] if each.title.startswith(title))
    row = next(row for row in table.rows if row[0] == name)
    return row[list(table.columns).index(column)]


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert Spread.of([3.0, None, 1.0, 2.0]) == Spread(median=2.0, lowest=1.0, highest=3.0)
    assert Spread.of([None]) is None
    assert str(Spread(median=1234.5, lowest=99.94, highest=2000)) == "1,234 (99.9–2,000)"
    assert plain(None) == "–"


def test_the_summary_has_each_figure_of_each_server() -> None:
    found = figures.summary(SERVERS)["kerasq-wait"][64]["requests_s"]
    assert [round(found[name]) for name in ("median", "lowest", "highest")] == [800, 720, 880]


def test_answers_a_second() -> None:
    assert cell("Answers", "kerasq, wait", "64 clients") == "800 (720–880)"
    assert cell("Answers", "Flask + Celery", "kerasq, wait / it, at 64") == "8.00"
    assert cell("Answers", "Flask + Celery", "errors") == "9 (1.19%)"
    assert cell("Answers", "mosec", "64 clients") == "not installed"
    assert cell("Answers", "mosec", "errors") == "–"


def test_latency_and_costs() -> None:
    assert cell("Time", "kerasq, wait", "1 client") == "4.00 / 8.00 / 12.0"
    assert cell("What", "Flask alone", "memory, MiB") == "100 (100–100)"
    assert str(cell("What", "Flask alone", "processor a request, ms")).startswith("1.50")
    assert cell("Versions", "kerasq, wait; kerasq, poll", "packages") == "kerasq 1.0"


def test_a_server_that_never_started_says_so() -> None:
    broken = {**server("broken", {}), "rounds": [{"failure": "no model"}]}
    table = figures.tables({**SERVERS, "broken": broken})[0]
    assert table.rows[-1][3:] == ["did not start"] * 3 + ["–", "–"]


def test_bars_compare_like_with_like_and_say_what_is_missing() -> None:
    rows = {str(row[0]): list(row[1:]) for row in bars.table(SERVERS).rows}
    for way, times in (("wait", "8.00"), ("poll", "9.00")):
        celery = rows[f"answers a second at 64 clients, kerasq, {way} / Flask + Celery"]
        assert times in celery[1] and celery[2] == "yes"
        assert rows[f"median at 16 clients, kerasq, {way} / Flask + Celery"][2] == "yes"
    assert rows["answers a second at 64 clients, kerasq, wait / Flask alone"][2] == "no"
    assert "answers a second at 64 clients, kerasq, poll / Flask alone" not in rows
    assert rows["answers a second at 64 clients, kerasq, wait / litserve"][2] == "–"
    assert rows["median of one job, 1 client"][2] == "yes"


def test_plots_hold_what_was_measured() -> None:
    bars_, lines = figures.plots(SERVERS)
    assert set(bars_.bars) == {server["name"] for server in SERVERS.values()} - {"mosec"}
    assert [x for x, _ in lines.lines["Flask alone"]] == [1, 16, 64]
    assert figures.plots({"mosec": absent("mosec")}) == []
