"""The models that ship: what their cards say is so, through the engine that ships and through Keras."""

import importlib.util
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.card import Cards
from contract.settings import Settings
from tests.conftest import absent
from worker.engines import open_engine

SETTINGS = Settings.from_env()
CARDS = Cards(SETTINGS.models_dir)
BARS = {"cifar10": 0.925, "cifar10-large": 0.945, "cifar100": 0.68, "cifar100-large": 0.76}
COUNTS = {"cifar10": (1_343_018, 1_342_122), "cifar100": (2_965_124, 2_963_204)}


@pytest.fixture(params=sorted(BARS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@cache
def held_out(name: str) -> tuple[np.ndarray, np.ndarray]:
    from training import data

    test = data.load(name.removesuffix("-large"), SETTINGS.data_dir).test
    return test.images, test.classes


@cache
def probabilities(name: str, engine: str) -> np.ndarray:
    """The engine's answers on the whole test set, float32 (10000, classes)."""
    settings = replace(SETTINGS, engine=engine, precision="auto" if engine == "openvino" else "float32")
    return open_engine(CARDS[name], CARDS.folder / name, settings).predict(held_out(name)[0])


@pytest.fixture
def images_at_hand() -> None:
    folder = SETTINGS.data_dir / "cifar-10-batches-py"
    if not folder.is_dir() or not importlib.util.find_spec("sklearn"):
        absent(f"the data set in {folder.name} (KERASQ_DATA_DIR)")


@pytest.fixture
def keras_at_hand() -> None:
    if not importlib.util.find_spec("tensorflow"):
        absent("TensorFlow")


def stated(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what is off: a card may be from before there was such a thing, or after."""
    return {key: stated(value) if isinstance(value, dict) else value for key, value in facts.items() if value}


def test_its_recipe_is_the_one_that_is_written_down(name: str, keras_at_hand: None) -> None:
    from training.provenance import recipe_facts
    from training.recipes import RECIPES

    assert stated(CARDS[name].training["recipe"]) == stated(recipe_facts(RECIPES[name]))


def test_every_file_is_the_one_that_its_card_names() -> None:
    assert set(BARS) <= set(CARDS)
    CARDS.verify()


def test_all_models_together_are_small_enough_for_a_clone() -> None:
    assert sum(file.stat().st_size for file in Path(CARDS.folder).rglob("*") if file.is_file()) < 100e6


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_it_has_the_parameters_of_the_original(name: str, keras_at_hand: None) -> None:
    import keras

    model = keras.saving.load_model(CARDS.folder / name / "model.keras")
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert (model.count_params(), trainable) == COUNTS[name]
    assert (CARDS[name].parameters["total"], CARDS[name].parameters["trainable"]) == COUNTS[name]
    assert model.input.dtype == "uint8"
    assert not model.compiled
    assert getattr(model, "optimizer", None) is None


@pytest.mark.data
@pytest.mark.parametrize("engine", ["openvino", "keras"])
def test_it_is_as_good_on_the_whole_test_set_as_it_is_to_be(
    name: str, engine: str, images_at_hand: None, keras_at_hand: None
) -> None:
    classes = held_out(name)[1]
    accuracy = float((probabilities(name, engine).argmax(axis=1) == classes).mean())
    assert len(classes) == 10_000
    assert accuracy >= BARS[name]
    assert accuracy == pytest.approx(CARDS[name].metrics["test"]["accuracy"], abs=0.001)


@pytest.mark.data
def test_the_engines_agree(name: str, images_at_hand: None, keras_at_hand: None) -> None:
    fast, exact = probabilities(name, "openvino"), probabilities(name, "keras")
    assert (fast.argmax(axis=1) == exact.argmax(axis=1)).mean() >= 0.999
    classes: Any = held_out(name)[1]
    assert abs((fast.argmax(axis=1) == classes).mean() - (exact.argmax(axis=1) == classes).mean()) <= 0.001
