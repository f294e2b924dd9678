import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from cli.output import Csv, Ndjson, Table
from contract.errors import KerasqError
from contract.jobs import Prediction, Result
from tests.cli.conftest import Full

GOOD = Result(predictions=(Prediction(label="cat", probability=0.987654321), Prediction(label="dog", probability=0.01)))
BAD = Result(error=("Not an image", "0 bytes"))


def test_ndjson_has_a_line_a_file() -> None:
    file = io.BytesIO()
    Ndjson(file, "pets").write([("a.png", GOOD), (os.fsdecode(b"\xff.png"), BAD)])
    first, second = map(json.loads, file.getvalue().splitlines())
    predictions = [{"label": "cat", "probability": 0.987654}, {"label": "dog", "probability": 0.01}]
    assert first == {"file": "a.png", "model": "pets", "predictions": predictions}
    assert second == {"file": "\\xff.png", "model": "pets", "error": {"title": "Not an image", "detail": "0 bytes"}}


def test_csv_has_a_column_for_each_prediction_and_one_for_the_error() -> None:
    file = io.BytesIO()
    output = Csv(file, "pets", 2)
    output.write([('a "b",\n.png', GOOD)])
    output.write([("c.png", BAD)])
    assert file.getvalue().decode() == (
        "file,model,label_1,probability_1,label_2,probability_2,error\n"
        '"a ""b"",\n.png",pets,cat,0.987654,dog,0.010000,\n'
        "c.png,pets,,,,,Not an image: 0 bytes\n"
    )


def test_a_table_has_one_header_and_takes_names_as_they_are() -> None:
    text = io.StringIO()
    output = Table(Console(file=text, width=80), ("cat", "dog"), 2)
    output.write([("[red]a[/red].png", GOOD), ("b.png", BAD)])
    output.write([("c.png", GOOD)])
    lines = text.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["file", "[red]a[/red].png", "b.png:", "c.png"]
    assert "98.8%" in lines[1]
    assert "Not an image: 0 bytes" in lines[2]
    assert lines[1].index("cat") == lines[3].index("cat")


def test_labels_are_no_markup_and_as_wide_as_they_print() -> None:
    labels = ("bird [small]", "dog [/big]", "漢字漢字漢字", "\x1b[2J")
    result = Result(predictions=tuple(Prediction(label=each, probability=0.25) for each in labels))
    text = io.StringIO()
    Table(Console(file=text, width=140), labels, 4).write([("a.png", result)])
    for label in (*labels[:3], "\\x1b[2J"):
        assert label in text.getvalue()


def test_predictions_that_do_not_fit_beside_one_another_have_a_line_each() -> None:
    text = io.StringIO()
    Table(Console(file=text, width=40), ("cat", "a very long label"), 2).write([("a.png", GOOD), ("b.png", GOOD)])
    lines = [line.split() for line in text.getvalue().splitlines()]
    second = ["dog", "1.0%"]
    assert lines == [["file", "label"], ["a.png", "cat", "98.8%"], second, ["b.png", "cat", "98.8%"], second]


def test_a_name_does_not_steer_the_terminal() -> None:
    text = io.StringIO()
    name = "a\x1b]0;title\x07\x9b2J\r.png"
    Table(Console(file=text, width=120), ("cat", "dog"), 2).write([(name, GOOD), (name, BAD)])
    assert text.getvalue().count("a\\x1b]0;title\\x07\\x9b2J\\x0d.png") == 2


def test_a_table_on_a_full_disk_is_named() -> None:
    with pytest.raises(KerasqError, match=r"the table: cannot be written: No space left"):
        Table(Console(file=Full(), width=80), ("cat", "dog"), 2).write([("a.png", GOOD)])


def test_a_full_disk_is_named() -> None:
    with Path("/dev/full").open("wb", buffering=0) as file, pytest.raises(KerasqError, match=r"full: .*No space left"):
        Ndjson(file, "pets").write([("a.png", GOOD)])
