"""Results become a page."""

from pathlib import Path

import pytest

from bench import figures, report, results
from bench.results import Plot, Table
from tests.bench.servers import server

TABLE = Table(title="Speed", columns=["server", "rate"], rows=[["a|b", 1], ["c", "–"]], note="A note.")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    return tmp_path


def test_a_table_as_markdown_and_as_text() -> None:
    assert TABLE.markdown().splitlines() == [
        "**Speed**",
        "",
        "| server | rate |",
        "| :--- | ---: |",
        "| a&#124;b | 1 |",
        "| c | – |",
        "",
        "A note.",
    ]
    assert TABLE.text().splitlines() == ["Speed", "server  rate", "a|b        1", "c          –", "A note."]


def test_results_are_read_as_written(folder: Path) -> None:
    results.write("speed", [TABLE], servers={"a": 1})
    found = results.read("speed")
    assert found and found["servers"] == {"a": 1}
    assert found["machine"]["cores"] >= 1
    assert results.read("absent") is None


def test_the_page_gets_tables_and_plots_between_its_markers(folder: Path) -> None:
    page = folder / "performance.md"
    page.write_text(
        "# Page\n<!-- http -->\nStale words.\n<!-- /http -->\nProse.\n<!-- bulk -->\nNot yet.\n<!-- /bulk -->\n"
    )
    servers = {"kerasq-wait": server("kerasq, wait", {1: 250, 64: 800}), "flask": server("Flask", {1: 300, 64: 1000})}
    results.write("http", figures.tables(servers), figures.plots(servers))
    assert report.write(page) == ["http"]
    text = page.read_text()
    assert "Stale" not in text
    assert "| Flask | same |" in text
    assert "Prose.\n<!-- bulk -->\nNot yet." in text
    for name in ("http-throughput.png", "http-latency.png"):
        assert f"](performance/{name})" in text
        assert (folder / "performance" / name).stat().st_size > 1000


def test_a_page_without_markers_is_refused(folder: Path) -> None:
    page = folder / "performance.md"
    page.write_text("# Page\n")
    results.write("speed", [TABLE])
    with pytest.raises(report.NoMarkers, match=r"<!-- speed -->.*bench/results/speed\.json"):
        report.write(page)


def test_an_unknown_kind_of_plot_is_named(folder: Path) -> None:
    from bench.plots import draw

    plot = {"file": "pie.png", "title": "", "kind": "pie", "x": ""}
    with pytest.raises(ValueError, match=r"pie\.png: kind 'pie' is not one of bars, stacks, lines"):
        draw(plot, folder)
    assert Plot(file="a.png", title="", kind="bars", x="").bars == {}
