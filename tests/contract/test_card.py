import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from contract.card import Card, Cards
from contract.errors import BadModel, UnknownModel


def changed(models: Path, **fields: Any) -> Path:
    path = models / "shapes" / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    return path.parent


def test_a_card_survives_writing_and_reading(models: Path) -> None:
    card = Card.read(models / "shapes")
    assert card.labels == ("circle", "square", "star")
    assert card.input.shape == (8, 8, 3)
    card.verify(models / "shapes")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "forms"}, "expected the name of its folder, 'shapes', found 'forms'"),
        ({"labels": ["one"]}, "expected at least two labels"),
        ({"labels": ["a", "b", "a"]}, "expected labels that differ, found 'a' twice"),
        ({"labels": ["a", ""]}, "expected labels that are words"),
        ({"input": {"height": 0, "width": 8, "channels": 3}}, "expected an input of 1 to 4096 pixels a side"),
        ({"input": {"height": 8, "width": 8, "channels": 2}}, "expected an input of 1 or 3 channels, found 2"),
        ({"files": {}}, "expected a sha256 of model.keras"),
        ({"input": {"height": 1000, "width": 1000, "channels": 3}}, "at most 2,000,000 values"),
        ({"labels": "circles"}, "expected a list of labels, found 'circles'"),
        ({"files": {"model.keras": 7}}, "expected a sha256 of model.keras"),
        ({"parameters": None}, "expected numbers of parameters, found None"),
        ({"parameters": {"total": "90"}}, "expected numbers of parameters"),
        ({"metrics": None}, "expected metrics"),
        ({"metrics": {"test": None}}, "expected metrics"),
        ({"metrics": {"test": {"accuracy": "90%"}}}, "expected figures that are numbers, found"),
        ({"metrics": {"test": {"loss": None}}}, "expected figures that are numbers, found"),
        ({"metrics": {"test": {"per_class": "y"}}}, "expected figures that are numbers, found"),
        ({"metrics": {"test": {"accuracy": 5}}}, "expected an accuracy of 0 to 1, found 5"),
        ({"metrics": {"test": {"accuracy": float("nan")}}}, "NaN is no number"),
        ({"labels": ["a", "\ud800"]}, "expected JSON, found something else"),
        ({"labels": ["a", ""]}, "expected labels that are words, found ''"),
        ({"training": None}, "expected facts of the training"),
        ({"limits": None}, "expected limits in words"),
        ({"flavour": "salt"}, "expected the fields of a card"),
    ],
)
def test_a_wrong_card_is_one_clear_sentence(models: Path, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(BadModel, match=says):
        Card.read(changed(models, **fields))


@pytest.mark.parametrize("name", ["jobs", "v2"])
def test_a_reserved_name_is_refused(models: Path, name: str) -> None:
    folder = changed(models, name=name).rename(models / name)
    with pytest.raises(BadModel, match="expected a name other than"):
        Card.read(folder)


@pytest.mark.parametrize("name", ["Shapes", "-shapes", "two words", "a.b", "x" * 64])
def test_a_name_that_is_no_part_of_an_address_is_refused(models: Path, name: str) -> None:
    folder = changed(models, name=name).rename(models / name)
    with pytest.raises(BadModel, match=r"card\.json: expected a name of small letters, digits and hyphens, at most 63"):
        Card.read(folder)


def test_no_card_and_no_json_are_named(models: Path) -> None:
    (models / "shapes" / "card.json").write_text("{")
    with pytest.raises(BadModel, match="expected JSON"):
        Card.read(models / "shapes")
    with pytest.raises(BadModel, match="found none that can be read"):
        Card.read(models / "nothing")


def test_a_changed_byte_and_a_missing_file_are_found(models: Path) -> None:
    weights = models / "shapes" / "model.keras"
    weights.write_bytes(b"not Really")
    with pytest.raises(BadModel, match=r"model\.keras: expected sha256 \w{64}, found \w{64}"):
        Cards(models).verify()
    weights.unlink()
    with pytest.raises(BadModel, match=r"model\.keras: expected a file, found none"):
        Cards(models).verify()


def test_a_folder_without_models_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="holds no model; a model is a folder with a card"):
        Cards(tmp_path).demand()


def test_only_some_of_the_models(models: Path) -> None:
    shutil.copytree(models / "shapes", models / "broken")
    (models / "broken" / "card.json").write_text("{")
    assert list(Cards(models, "shapes")) == list(Cards(models, " shapes,")) == ["shapes"]
    with pytest.raises(UnknownModel, match=r"models to serve 'cats' is not in .*, which holds: broken, shapes"):
        Cards(models, "shapes, cats")


def test_an_unknown_model_names_those_there_are(models: Path) -> None:
    with pytest.raises(UnknownModel, match="'cats' is not a model here; served: shapes"):
        Cards(models)["cats"]
