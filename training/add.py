"""A Keras model of anybody's making -> `models/<name>/`: checked, exported, described."""

import json
import re
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import keras
import numpy as np

from contract import kerasfile, probe
from contract.card import WEIGHTS, Card, Input, check_labels, check_name, sha256
from contract.errors import BadModel
from training import engine, provenance
from training.errors import PublishError
from training.staging import staged

#: A type or policy of half precision, also of a quantized layer, as `int8_from_mixed_bfloat16`.
HALF = re.compile(r"(?<=[\"_])(mixed_)?b?float16(?=\")")
#: What an input may be of: uint8 itself, or what it is cast to without loss.
TYPES = frozenset({"uint8", "bfloat16", "float16", "float32", "float64"})


def add(path: Path, *, name: str, labels: str, models: Path, limits: str = "", replace: bool = False) -> Card:
    """Write `models/<name>/` from the Keras file `path`, byte for byte, and return its card.

    `labels`, in the order of the model's outputs, is a file with one a line, or has them with commas between; `limits`
    says what the model is for, and what not. All is written and checked beside the folder that then appears whole, so a
    failure leaves everything as it was.

    Raises BadModel for a name, labels or a model that cannot be served, or a name that is taken unless `replace`;
    PublishError where the exported file does not answer as Keras does.
    """
    check_name(name, "--name")
    folder = models / name
    if folder.exists() and not replace:
        raise BadModel(f"{folder}: expected no model of that name yet, found one; --replace puts this in its place")
    words, where = read_labels(labels)
    model = _loaded(path)
    taken = _input(model, path)
    classes = _classes(model, path)
    if len(words) != classes:
        raise BadModel(f"{where}: expected {classes} labels, one for each output of {path}, found {len(words)}")
    with staged(folder) as stage:
        shutil.copyfile(path, stage / WEIGHTS)
        _export(model, taken, path, stage)
        card = _described(name, words, limits, taken, model, stage)
        card.write(stage)
        Card.read(stage).verify(stage)
    return card


def read_labels(labels: str) -> tuple[tuple[str, ...], str]:
    """The labels, and where they are from, for people. Raises BadModel, naming the file."""
    if "," in labels and not Path(labels).is_file():
        words, where = labels.split(","), "--labels"
    else:
        where = labels
        try:
            words = Path(labels).read_text("utf-8-sig").rstrip().splitlines()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise BadModel(
                f"{labels}: expected a file of labels, a line each, found none to be read ({reason})"
            ) from None
    stripped = tuple(word.strip() for word in words)
    check_labels(stripped, where)
    return stripped, where


def _loaded(path: Path) -> keras.Model:
    if not is_zipfile(path):
        found = "something else" if path.is_file() else "no file"
        raise BadModel(f"{path}: expected a model that Keras 3 saved, as model.save('model.keras') does, found {found}")
    try:
        half = HALF.search(json.dumps(kerasfile.config(path)))  # of which OpenVINO's exporter makes nothing
        with kerasfile.reconfigured(path, _in_float32) if half else nullcontext(path) as file:
            return keras.saving.load_model(file, compile=False)
    except Exception as error:  # reading a damaged file may raise anything
        raise BadModel(f"{path}: expected a Keras model, found none that loads ({_reason(error)})") from None


def _in_float32(config: Any) -> Any:
    return json.loads(HALF.sub("float32", json.dumps(config)))


def _reason(error: Exception) -> str:
    """The first sentence of what went wrong; Keras quotes the configuration around it, OpenVINO its own source."""
    cause = str(error).rpartition("Exception encountered: ")[2].strip()
    if "No conversion rule" in cause:
        cause = cause[cause.index("No conversion rule") :]
    return next(iter(cause.splitlines()), type(error).__name__).split(". ")[0]


def _input(model: keras.Model, path: Path) -> Input:
    inputs = _tensors(model, "inputs")
    found = " and ".join(f"{each.dtype} {each.shape}" for each in inputs) or "none that is fixed"
    fixed = len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].shape[0] is None
    height, width, channels = inputs[0].shape[1:] if fixed else (None, None, None)
    if not (height and width and channels in (1, 3) and inputs[0].dtype in TYPES):
        raise BadModel(
            f"{path}: expected one input of uint8 or float pixels (None, height, width, 1 or 3 channels), found {found}"
        )
    taken = Input(height=height, width=width, channels=channels)
    taken.check(path)
    return taken


def _classes(model: keras.Model, path: Path) -> int:
    outputs = _tensors(model, "outputs")
    if not (len(outputs) == 1 and len(outputs[0].shape) == 2 and outputs[0].shape[1]):
        found = " and ".join(str(each.shape) for each in outputs) or "none"
        raise BadModel(f"{path}: expected one output of probabilities (None, classes), found {found}")
    if outputs[0].shape[1] == 1:
        raise BadModel(f"{path}: expected a probability for each label, found one; two classes are two softmax outputs")
    return int(outputs[0].shape[1])


def _tensors(model: keras.Model, kind: str) -> Sequence[Any]:
    """A model's inputs or outputs; none for one that has not been built, where Keras raises or has None."""
    return getattr(model, kind, None) or ()


def _export(model: keras.Model, taken: Input, path: Path, stage: Path) -> None:
    """Write the engine file, which takes uint8 whatever `model` takes, and see that both answer alike."""
    pixels = probe.sample(taken)
    answers = model.predict_on_batch(pixels)
    if not isinstance(answers, np.ndarray):
        raise BadModel(f"{path}: expected one output, found a {type(answers).__name__} of them")
    answers = answers.astype(np.float32)
    probe.check(path, answers, answers.shape[-1])
    given = keras.Input(taken.shape, dtype="uint8", name="pixels")
    try:
        # As in use: layers that only change the images of a training would bring random numbers into the file.
        called = model(keras.ops.cast(given, model.inputs[0].dtype), training=False)
        engine.export(keras.Model(given, called), stage)
        engine.check(stage, pixels, answers)
    except PublishError:
        raise
    except Exception as error:  # whatever exporter and engine meet in somebody's layers
        raise BadModel(f"{path}: expected layers that OpenVINO has, found others ({_reason(error)})") from error


def _described(name: str, labels: tuple[str, ...], limits: str, taken: Input, model: keras.Model, stage: Path) -> Card:
    return Card(
        name=name,
        labels=labels,
        input=taken,
        files={file: sha256(stage / file) for file in (WEIGHTS, *engine.FILES)},
        parameters=provenance.parameters(model),
        limits=limits,
    )
