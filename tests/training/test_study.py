"""Studies: runs that differ in one thing, a row each."""

from dataclasses import replace

import pytest

pytest.importorskip("keras")

from tests.training.tiny import tiny_recipe, write_official
from training import runs, study
from training.recipes import ABLATION, RECIPES


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FOLDER", tmp_path / "docs")
    write_official(tmp_path / "data")
    return {"data_dir": tmp_path / "data", "models": tmp_path / "models"}


def test_an_ablation_trains_every_step_and_says_how_good_it_is(tmp_path, places):
    steps = {"the first": tiny_recipe(), "another rate": replace(tiny_recipe(), learning_rate=0.01)}
    path = study.ablation(steps, 2, 48, tmp_path / "runs", **places)
    first, second = path.read_text().splitlines()[1:]
    assert first.startswith("the first,2,0.")
    assert second.startswith("another rate,2,0.")
    assert runs.best_weights(tmp_path / "runs" / "another-rate").exists()
    assert "| another rate | 2 |" in study.table(path)


def test_repeats_differ_in_their_seeds_and_end_with_their_mean(tmp_path, places, monkeypatch):
    path = study.repeats("tiny", tiny_recipe(), (1, 2), tmp_path / "runs", **places)
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == ["1", "2"]
    mean = sum(float(row[2]) for row in rows) / 2
    assert f"| mean ± standard deviation | | {mean:.4f} ± " in study.table(path)
    monkeypatch.setattr("training.fit._train", lambda *_: pytest.fail("a run that has ended is not trained again"))
    assert study.repeats("tiny", tiny_recipe(), (1, 2), tmp_path / "runs", **places) == path


def test_what_a_recipe_needs_comes_before_it():
    known: set[str] = set()
    for name, recipe in RECIPES.items():
        teachers = recipe.teaching.models if recipe.teaching else ()
        assert known.issuperset({*teachers, recipe.start} - {None}), name
        known.add(name)


def test_the_ablation_goes_from_the_original_to_what_is_taught():
    *_, last = ABLATION.values()
    taught = RECIPES["cifar10"]
    assert len(ABLATION) >= 5
    assert replace(last, epochs=taught.epochs) == taught
