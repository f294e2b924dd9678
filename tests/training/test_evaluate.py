import pytest

pytest.importorskip("keras")

import keras
import numpy as np
from PIL import Image

from contract.card import Card, Input
from training import evaluate
from training.errors import DataError

RNG = np.random.default_rng(4)


def drawn(images=500, classes=10):
    predicted = RNG.dirichlet(np.ones(classes), images).astype(np.float32)
    return predicted, RNG.integers(0, classes, images)


def test_the_figures_by_hand():
    predicted = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4], [0.05, 0.25, 0.3, 0.4]], np.float32)
    found = evaluate.metrics(predicted, np.array([0, 1, 0]), ["a", "b", "c", "d"])
    assert found["accuracy"] == pytest.approx(1 / 3, abs=1e-6)
    assert found["loss"] == pytest.approx(-np.log([0.7, 0.2, 0.05]).mean(), abs=1e-5)
    assert found["top3"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["per_class"] == {"a": 0.5, "b": 0.0}
    assert found["images"] == 3


def test_auc_loss_and_top3_are_keras_s():
    predicted, classes = drawn()
    onehot = np.eye(10, dtype=np.float32)[classes]
    found = evaluate.metrics(predicted, classes, [str(n) for n in range(10)])
    expected = {
        "auc": keras.metrics.AUC(),
        "accuracy": keras.metrics.CategoricalAccuracy(),
        "top3": keras.metrics.TopKCategoricalAccuracy(k=3),
        "loss": keras.metrics.CategoricalCrossentropy(),
    }
    for name, metric in expected.items():
        assert found[name] == pytest.approx(float(metric(onehot, predicted)), abs=1e-4), name


@pytest.fixture
def card():
    return Card(name="tiny", labels=("cat", "dog"), input=Input(height=8, width=6), files={})


def photo(path, size=(60, 80)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (10, 200, 30)).save(path)


def test_a_folder_of_photos_is_read_by_label(tmp_path, card):
    photo(tmp_path / "dog" / "a.png")
    photo(tmp_path / "dog" / "b.jpg")
    photo(tmp_path / "cat" / "c.png")
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    (tmp_path / "cat" / "._c.png").write_text("what a Mac leaves beside a file")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    pixels, classes = evaluate.read_folder(tmp_path, card, max_pixels=10_000)
    assert (pixels.shape, pixels.dtype) == ((3, 8, 6, 3), np.uint8)
    assert classes.tolist() == [0, 1, 1]


def test_what_cannot_be_scored_is_named(tmp_path, card):
    with pytest.raises(DataError, match="holds no pictures"):
        evaluate.read_folder(tmp_path, card, max_pixels=10_000)
    photo(tmp_path / "cat" / "huge.png")
    with pytest.raises(DataError, match=r"huge\.png: .*at most 100 are taken"):
        evaluate.read_folder(tmp_path, card, max_pixels=100)
    photo(tmp_path / "ferret" / "a.png")
    with pytest.raises(DataError, match=r"ferret is not a label of tiny; its labels are cat, dog"):
        evaluate.read_folder(tmp_path, card, max_pixels=10_000)
    with pytest.raises(DataError, match="is not a folder"):
        evaluate.read_folder(tmp_path / "none", card, max_pixels=10_000)
