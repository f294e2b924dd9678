"""A folder's results: times, ratios, and labels that differ."""

import json
from pathlib import Path

import pytest

from bench import bulk, ways
from bench.ways import BARE, CELERY, KERAS, KERASQ, RAY, RESIZE, Run


def run(seconds: float, first: str = "cat", *, start: float = 0.0) -> Run:
    return Run(whole_s=seconds + start, seconds=seconds, labels={"0.png": first, "1.png": "dog"})


RUNS = {
    KERASQ: [run(1.0), run(2.0), run(4.0)],
    BARE: [run(1.0, start=3.0)] * 3,
    KERAS: [run(4.0), run(4.0, start=2.0), run(8.0)],
    CELERY: [run(9.0)] * 3,
    RAY: [run(8.0, "frog")] * 3,
}
PHOTOS = {KERASQ: [run(1.0)], RESIZE: [run(4.0)]}


def test_a_round_is_compared_with_itself() -> None:
    spread = bulk.faster(RUNS, KERAS)
    assert spread and (spread.lowest, spread.median, spread.highest) == (2.0, 2.0, 4.0)
    whole = bulk.faster(RUNS, KERAS, whole=True)
    assert whole and (whole.lowest, whole.median, whole.highest) == (2.0, 3.0, 4.0)


def test_labels_that_differ_are_counted() -> None:
    assert bulk.different(RUNS, BARE) == 0
    assert bulk.different(RUNS, RAY) == 1


def test_the_table_has_a_row_for_each_way_and_both_times() -> None:
    table = bulk.table("two", RUNS, compared=True)
    assert [row[0] for row in table.rows] == [way.name for way in RUNS]
    assert table.rows[1] == [
        BARE.name,
        *["2.00 (2.00–2.00)", "1.00 (1.00–1.00)", "4.00 (4.00–4.00)"],
        "0.50 (0.25–1.00)",
        "0",
    ]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_photos_are_decoded_otherwise_so_their_labels_are_not_compared() -> None:
    assert "other labels" not in bulk.table("photos", PHOTOS, compared=False).columns


def test_each_bar_finds_its_folder() -> None:
    bars = bulk.bars(RUNS, PHOTOS)
    assert [bar.found for bar in bars] == [0.5, 2.0, 4.0, 4.0, 2.0, 3.0, 4.0, 4.0]
    assert [bar.met for bar in bars] == [False, *[True] * 7]


def test_results_are_read_by_file_name(tmp_path: Path) -> None:
    output = tmp_path / "results.ndjson"
    lines = [{"file": f"any/{name}.png", "predictions": [{"label": "cat", "probability": 0.9}]} for name in "ab"]
    output.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert ways.labels(output) == {"a.png": "cat", "b.png": "cat"}
    output.write_text(json.dumps({"file": "c.png", "error": {"title": "Not an image", "detail": ""}}) + "\n")
    with pytest.raises(KeyError):
        ways.labels(output)


@pytest.mark.parametrize("way", [BARE, KERAS, CELERY, RAY, RESIZE], ids=lambda way: way.folder)
def test_every_peer_has_its_script(way: ways.Way) -> None:
    script = Path(way.command(Path("images"), Path("out.ndjson"))[1])
    assert script.name == "classify.py"
    assert script.is_file()
