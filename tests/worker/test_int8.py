"""KERASQ_PRECISION=int8: the file that a model has for it, if its card names it, and OpenVINO alone."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from contract.card import Card, sha256
from contract.errors import BadModel, BadSetting
from contract.settings import Settings
from tests.worker.test_open_engine import write
from worker.engines import open_engine

SETTINGS = replace(Settings(), engine="openvino", precision="int8", batch_max=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with a second engine file that its card does not name."""
    folder = write(tmp_path)
    for suffix in ("xml", "bin"):
        shutil.copy(folder / f"openvino.{suffix}", folder / f"openvino-int8.{suffix}")
    return folder


def named(folder: Path) -> Card:
    card = Card.read(folder)
    files = {file: sha256(folder / file) for file in ("openvino-int8.xml", "openvino-int8.bin")}
    return replace(card, files={**card.files, **files})


def test_the_file_that_the_card_names_is_run(folder: Path) -> None:
    engine = open_engine(named(folder), folder, SETTINGS)
    assert engine.path == folder / "openvino-int8.xml"
    assert engine.name == "openvino int8"


def test_it_is_off_unless_asked_for(folder: Path) -> None:
    engine = open_engine(named(folder), folder, replace(SETTINGS, precision="auto"))
    assert engine.path == folder / "openvino.xml"


def test_a_file_that_the_card_does_not_name_is_not_run(folder: Path) -> None:
    with pytest.raises(BadModel, match=r"card\.json: expected a sha256 of openvino-int8\.xml, found none"):
        open_engine(Card.read(folder), folder, SETTINGS)


def test_a_model_without_the_file_says_so(tmp_path: Path) -> None:
    folder = write(tmp_path)
    with pytest.raises(BadModel, match=r"openvino-int8\.xml: expected an OpenVINO model"):
        open_engine(Card.read(folder), folder, SETTINGS)


def test_keras_has_no_such_arithmetic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    with pytest.raises(BadSetting, match="KERASQ_PRECISION=int8"):
        open_engine(named(folder), folder, replace(SETTINGS, engine="keras"))
