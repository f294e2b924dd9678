import json
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras")

import keras
import numpy as np
from keras import layers

from contract.card import Card, Cards, sha256
from contract.errors import BadModel
from contract.settings import Settings
from training import add, engine
from training.__main__ import main
from training.errors import PublishError
from worker.engines import open_engine
from worker.engines.openvino import OpenVinoEngine


def saved(path: Path, shape=(8, 8, 1), dtype="float32", last="softmax", batch=None) -> Path:
    """A network for three classes that knows nothing, in the file `path`."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input(shape, dtype=dtype, batch_size=batch)
    features = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(pixels)))
    keras.Model(pixels, layers.Dense(3, activation=last)(features)).save(path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return saved(tmp_path_factory.mktemp("mine") / "mine.keras")


@pytest.fixture
def models(tmp_path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture(scope="module")
def added(model, tmp_path_factory) -> Path:
    """A folder with the model added as `mine`."""
    folder = tmp_path_factory.mktemp("added")
    add.add(model, name="mine", labels="a,b,c", models=folder)
    return folder


@pytest.fixture
def taken(added, models) -> Path:
    """A copy of that folder, to be changed."""
    shutil.copytree(added, models, dirs_exist_ok=True)
    return models


def everything(folder: Path) -> dict[Path, str]:
    return {path: sha256(path) for path in folder.rglob("*") if path.is_file()}


def assert_whole(models, path, shape):
    card = Cards(models)["mine"]
    assert [each.name for each in models.iterdir()] == ["mine"]
    assert {each.name for each in (models / "mine").iterdir()} == {"card.json", "model.keras", *engine.FILES}
    assert (card.labels, card.input.shape, card.version) == (("a", "b", "c"), shape, sha256(path))
    Cards(models).verify()
    pixels = np.random.default_rng(1).integers(0, 256, (5, *shape), np.uint8)
    exact = keras.saving.load_model(path).predict_on_batch(pixels)
    np.testing.assert_allclose(engine.predict(models / "mine", pixels), exact, atol=1e-5)


def test_a_model_of_grey_float_pixels_is_added_whole(added, model):
    assert_whole(added, model, (8, 8, 1))


def test_a_model_of_oblong_uint8_pixels_is_added_whole(models, tmp_path):
    path = saved(tmp_path / "mine.keras", (12, 10, 3), "uint8")
    card = add.add(path, name="mine", labels="a,b,c", models=models)
    assert Card.read(models / "mine") == card
    assert_whole(models, path, (12, 10, 3))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", ["keras", "openvino"])
def test_a_worker_s_engines_take_it(added, model, name, precision):
    settings = replace(Settings(), engine=name, precision=precision, batch_max=4)
    opened = open_engine(Card.read(added / "mine"), added / "mine", settings)
    pixels = np.random.default_rng(2).integers(0, 256, (6, 8, 8, 1), np.uint8)
    exact = keras.saving.load_model(model).predict_on_batch(pixels)
    np.testing.assert_allclose(opened.predict(pixels), exact, atol=1e-5 if precision == "float32" else 0.01)


def test_what_the_docs_wrap_a_model_in_is_taken(models, tmp_path):
    logits = keras.saving.load_model(saved(tmp_path / "logits.keras", last=None))
    pixels = keras.Input(logits.input_shape[1:])
    scores = logits(layers.Rescaling(1 / 255)(pixels))
    keras.Model(pixels, layers.Softmax()(scores)).save(tmp_path / "wrapped.keras")
    add.add(tmp_path / "wrapped.keras", name="mine", labels="a,b,c", models=models)
    assert_whole(models, tmp_path / "wrapped.keras", (8, 8, 1))


@pytest.mark.parametrize(
    "first", [layers.Resizing(6, 6), layers.RandomFlip(), layers.RandomZoom(0.1), layers.Dropout(0.5)]
)
def test_layers_with_sizes_of_their_own_or_for_training_alone_are_taken(models, tmp_path, first):
    pixels = keras.Input((8, 8, 3))
    features = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(first(pixels)))
    keras.Model(pixels, layers.Dense(3, activation="softmax")(features)).save(tmp_path / "mine.keras")
    card = add.add(tmp_path / "mine.keras", name="mine", labels="a,b,c", models=models)
    assert_whole(models, tmp_path / "mine.keras", (8, 8, 3))
    assert open_engine(card, models / "mine", replace(Settings(), engine="openvino", batch_max=4)).classes == 3


def test_labels_are_a_file_with_a_line_each_or_words_with_commas(tmp_path):
    (tmp_path / "labels.txt").write_bytes("\ufefffirst one\r\n zwölf \r\nc\r\n\r\n".encode())
    where = str(tmp_path / "labels.txt")
    assert add.read_labels(where) == (("first one", "zwölf", "c"), where)
    assert add.read_labels("0, 1,2") == (("0", "1", "2"), "--labels")
    (tmp_path / "labels.txt").write_bytes(b"\xff\xfe\n\x80")
    with pytest.raises(BadModel, match=r"labels\.txt: expected a file of labels, .* \(it is not UTF-8 text\)"):
        add.read_labels(where)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"name": "no/path"},
            "--name: expected a name of small letters, digits and hyphens, at most 63, found 'no/path'",
        ),
        ({"name": ".."}, r"--name: expected a name of small letters.*, found '\.\.'"),
        ({"name": "jobs"}, "--name: expected a name other than docs, .*, found 'jobs'"),
        ({"labels": "a,b"}, r"--labels: expected 3 labels, one for each output of .*mine\.keras, found 2"),
        ({"labels": "a,b,a"}, "--labels: expected labels that differ, found 'a' twice"),
        ({"labels": "a,,c"}, "--labels: expected labels that are words"),
        ({"labels": "nowhere.txt"}, r"nowhere\.txt: expected a file of labels, a line each, found none .*No such file"),
        ({"path": Path("nowhere.keras")}, r"nowhere\.keras: expected a model that Keras 3 saved, .* found no file"),
        ({"path": Path(__file__)}, r"test_add\.py: expected a model that Keras 3 saved, .* found something else"),
    ],
)
def test_a_wrong_word_is_one_sentence(model, models, given, says):
    with pytest.raises(BadModel, match=says) as refused:
        add.add(**{"path": model, "name": "mine", "labels": "a,b,c", "models": models, **given})
    assert "\n" not in str(refused.value)
    assert list(models.iterdir()) == []


def two_inputs(path: Path) -> None:
    pair = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    answers = layers.Dense(3, activation="softmax")(layers.Flatten()(layers.Add()(pair)))
    keras.Model(pair, answers).save(path)


def unbuilt(path: Path) -> None:
    with pytest.warns(UserWarning):
        keras.Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")]).save(path)


def a_map(path: Path) -> None:
    pixels = keras.Input((8, 8, 3))
    keras.Model(pixels, layers.Softmax()(layers.Conv2D(3, 3)(pixels))).save(path)


def named_output(path: Path) -> None:
    pixels = keras.Input((8, 8, 3))
    keras.Model(pixels, {"answer": layers.Dense(3, activation="softmax")(layers.Flatten()(pixels))}).save(path)


def own_code(path: Path) -> None:
    class Mine(layers.Layer):
        def call(self, given):
            return given

    pixels = keras.Input((8, 8, 3))
    keras.Model(pixels, layers.Dense(3, activation="softmax")(layers.Flatten()(Mine()(pixels)))).save(path)


def damaged(path: Path) -> None:
    content = bytearray(saved(path).read_bytes())
    content[200:400] = bytes(200)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: saved(path, last=None), "expected probabilities, as a softmax gives them, found outputs from"),
        (lambda path: saved(path, last="sigmoid"), r"expected probabilities, .* sum to 1?\.?\d+ instead of 1"),
        (lambda path: saved(path, (None, None, 3)), r"expected one input .* found float32 \(None, None, None, 3\)"),
        (lambda path: saved(path, (8, 8, 2)), r"expected one input .* found float32 \(None, 8, 8, 2\)"),
        (lambda path: saved(path, dtype="int32"), r"expected one input of uint8 or float pixels .* found int32"),
        (lambda path: saved(path, batch=2), r"expected one input .* found float32 \(2, 8, 8, 1\)"),
        (two_inputs, r"expected one input .* found float32 \(None, 8, 8, 3\) and float32"),
        (unbuilt, "expected one input .* found none that is fixed"),
        (a_map, r"expected one output of probabilities \(None, classes\), found \(None, 6, 6, 3\)"),
        (named_output, "expected one output, found a dict of them"),
        (own_code, "expected a Keras model, found none that loads .*Mine"),
        (damaged, "expected a Keras model, found none that loads"),
    ],
)
def test_a_model_that_cannot_be_served_is_one_sentence(models, tmp_path, write, says):
    path = tmp_path / "mine.keras"
    write(path)
    with pytest.raises(BadModel, match=rf"mine\.keras: {says}") as refused:
        add.add(path, name="mine", labels="a,b,c", models=models)
    assert "\n" not in str(refused.value)
    assert list(models.iterdir()) == []


def test_one_output_is_too_few_labels(models, tmp_path):
    pixels = keras.Input((8, 8, 1))
    keras.Model(pixels, layers.Dense(1, activation="sigmoid")(layers.Flatten()(pixels))).save(tmp_path / "m.keras")
    with pytest.raises(BadModel, match=r"m\.keras: expected a probability for each label, found one; two classes are"):
        add.add(tmp_path / "m.keras", name="mine", labels="no,yes", models=models)


def test_a_name_that_is_taken_needs_replace_and_then_nothing_of_the_old_is_left(taken, tmp_path):
    old = Card.read(taken / "mine")
    (taken / "mine" / "accuracy.png").write_bytes(b"of the old one")
    other = saved(tmp_path / "other.keras", (6, 6, 3))
    with pytest.raises(BadModel, match="models/mine: expected no model of that name yet, found one; --replace"):
        add.add(other, name="mine", labels="a,b,c", models=taken)
    assert Card.read(taken / "mine") == old
    add.add(other, name="mine", labels="a,b,c", models=taken, replace=True)
    assert_whole(taken, other, (6, 6, 3))


def test_an_engine_that_cannot_run_it_is_one_sentence(models, model, monkeypatch):
    def refuse(*_):
        raise RuntimeError("Unsupported operation of type: Convert\nin the plugin")

    monkeypatch.setattr(engine, "check", refuse)
    with pytest.raises(BadModel, match=r"expected layers that OpenVINO has, found others \(Unsupported operation"):
        add.add(model, name="mine", labels="a,b,c", models=models)


def test_what_fails_leaves_the_old_model(taken, tmp_path, monkeypatch):
    before = everything(taken)
    again = {"name": "mine", "models": taken, "replace": True}
    with pytest.raises(BadModel):
        add.add(saved(tmp_path / "logits.keras", last=None), labels="a,b,c", **again)
    with pytest.raises(PublishError, match=r"openvino\.xml: probabilities up to"):
        monkeypatch.setattr(engine, "predict", lambda folder, pixels: np.zeros((len(pixels), 3), np.float32))
        add.add(saved(tmp_path / "other.keras"), labels="x,y,z", **again)
    assert everything(taken) == before
    assert [each.name for each in taken.iterdir()] == ["mine"]


def test_from_the_command_line(model, models, capsys):
    words = ["add", str(model), "--name", "mine", "--labels", "a,b,c", "--limits", "grey", "--models", str(models)]
    assert main(words) == 0
    assert "models/mine is added: input 8 x 8 x 1, 3 labels, 55 parameters" in capsys.readouterr().out
    card = json.loads((models / "mine" / "card.json").read_text())
    assert (card["metrics"], card["limits"]) == ({}, "grey")
    assert main(words) == 1
    assert capsys.readouterr().err.endswith("found one; --replace puts this in its place\n")


def nested(pixels: keras.KerasTensor) -> keras.KerasTensor:
    given = keras.Input((8, 8, 1))
    inner = keras.Model(given, layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(given)))
    return layers.Dense(3)(layers.Flatten()(inner(pixels)))


def arithmetic(pixels: keras.KerasTensor) -> keras.KerasTensor:
    scaled = pixels / 255.0
    return layers.Dense(3)(layers.Flatten()(scaled + layers.Conv2D(1, 3, padding="same")(scaled)))


def wrapped(pixels: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(3)(layers.Flatten()(layers.SpectralNormalization(layers.Conv2D(2, 3))(pixels)))


def adapted(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """With numbers that Keras works out from its weights when it loads them."""
    normal = layers.Normalization(axis=-1)
    normal.adapt(np.random.default_rng(1).integers(0, 256, (16, 8, 8, 1)).astype(np.float32))
    return layers.Dense(3)(layers.Flatten()(layers.Conv2D(2, 3)(normal(pixels))))


@pytest.mark.parametrize("body", [nested, arithmetic, wrapped, adapted])
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16"])
def test_a_model_that_computes_in_half_precision_is_added_and_answers_alike(models, tmp_path, policy, body):
    keras.utils.set_random_seed(1)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        pixels = keras.Input((8, 8, 1))
        keras.Model(pixels, layers.Softmax(dtype="float32")(body(pixels))).save(tmp_path / "m.keras")
    finally:
        keras.config.set_dtype_policy(before)
    add.add(tmp_path / "m.keras", name="mine", labels="a,b,c", models=models)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), np.uint8)
    exported = OpenVinoEngine(models / "mine", replace(Settings(), precision="float32")).predict(images)
    kept = keras.saving.load_model(models / "mine" / "model.keras").predict_on_batch(images.astype(np.float32))
    assert (exported.argmax(axis=1) == kept.argmax(axis=1)).mean() > 0.9
    assert np.abs(exported - kept).mean() < 0.03


@pytest.mark.parametrize("body", [nested, arithmetic, wrapped, adapted])
def test_an_engine_in_bfloat16_answers_like_the_model(models, tmp_path, body):
    keras.utils.set_random_seed(1)
    pixels = keras.Input((8, 8, 1))
    keras.Model(pixels, layers.Dense(3, activation="softmax")(body(pixels / 255.0))).save(tmp_path / "m.keras")
    add.add(tmp_path / "m.keras", name="mine", labels="a,b,c", models=models)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), np.uint8)
    settings = replace(Settings(), engine="keras", precision="bfloat16")
    answers = open_engine(Card.read(models / "mine"), models / "mine", settings).predict(images)
    kept = keras.saving.load_model(models / "mine" / "model.keras").predict_on_batch(images.astype(np.float32))
    assert 0 < np.abs(answers - kept).max() < 0.05


def test_a_quantized_model_is_added_or_refused_in_a_sentence(models, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    finally:
        keras.config.set_dtype_policy(before)
    model.quantize("int8")
    model.save(tmp_path / "m.keras")
    with suppress(BadModel, PublishError):
        add.add(tmp_path / "m.keras", name="mine", labels="a,b,c", models=models)


def test_a_file_of_labels_may_have_a_comma_in_its_name(tmp_path):
    (tmp_path / "run,3.txt").write_text("cat\ndog\n")
    assert add.read_labels(str(tmp_path / "run,3.txt")) == (("cat", "dog"), str(tmp_path / "run,3.txt"))


def test_an_input_that_no_message_holds_is_the_file_s_fault(models, tmp_path):
    path = saved(tmp_path / "big.keras", shape=(1000, 1000, 3))
    with pytest.raises(BadModel, match=r"big\.keras: expected an input of at most 2,000,000 values"):
        add.add(path, name="mine", labels="a,b,c", models=models)


def test_a_wrong_setting_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("KERASQ_PORT", "http")
    assert main(["--list"]) == 1
    assert capsys.readouterr().err == "KERASQ_PORT='http' is not of type int\n"
