import csv

import pytest

pytest.importorskip("keras")

import numpy as np

from tests.training.tiny import tiny_recipe, write_official
from training import calibrations, data, fit, publish, relatives, study


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FOLDER", tmp_path / "docs")
    write_official(tmp_path / "data")
    return tmp_path / "data"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_published_model_is_compared(tmp_path, data_dir):
    fit.fit(tiny_recipe(), data.load("cifar10", data_dir), tmp_path / "run")
    where = {"run": tmp_path / "run", "data_dir": data_dir, "models": tmp_path / "models"}
    publish.publish("tiny", tiny_recipe(), **where)
    (row,) = rows(calibrations.compare(tmp_path / "models", data_dir))
    assert row.pop("model") == "tiny"
    assert [*row] == [*calibrations.WAYS, "none but chance"]
    assert all(0 <= float(error) <= 100 for error in row.values())


def test_what_temperature_can_mend_is_mended_and_the_rest_is_chance():
    chance = np.random.default_rng(1)
    scores = chance.normal(size=(4000, 5)) * 2
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    classes = (chances.cumsum(axis=1) > chance.random((4000, 1))).argmax(axis=1)
    found = calibrations._errors(np.stack([scores * 4, scores * 4]), classes, chance)
    for way in calibrations.WAYS:
        assert found[way] == pytest.approx(found["none but chance"], abs=0.008), way


def test_a_moved_and_mirrored_picture_is_a_relative_of_itself(data_dir):
    chance = np.random.default_rng(2)
    pictures = chance.integers(0, 256, (12, 9, 9, 3)).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    training, strangers = pictures[:8, 2:34, 2:34], pictures[8:, 2:34, 2:34]
    moved = pictures[:4, :32, 4:36, :][:, :, ::-1]
    assert (relatives.nearest(moved, training) > 0.999).all()
    assert (relatives.nearest(training[:2], training) > 0.999).all()
    assert (relatives.nearest(strangers, training) < 0.5).all()


def test_relatives_are_counted_of_both_splits(data_dir):
    found = rows(relatives.count(data_dir))
    assert [row["images"] for row in found[:2]] == ["cifar10, validation", "cifar10, test"]
    assert len(found) == 2 * len(relatives.PAIRS)
