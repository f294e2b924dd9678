"""The figures of a model on images that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from contract import images
from contract.card import WEIGHTS, Card
from contract.errors import KerasqError
from training import data, pictures
from training.calibrate import expected_calibration_error
from training.errors import DataError, TrainingError

Metrics = dict[str, float | int | dict[str, float]]


def probabilities(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """float32 (N, classes) for uint8 pixels (N, height, width, 3)."""
    return model.predict(pixels, batch_size=500, verbose=0)


def metrics(predicted: np.ndarray, classes: np.ndarray, labels: Sequence[str]) -> Metrics:
    """Score probabilities (N, classes) against class numbers (N,).

    `loss` is the plain cross-entropy in nats, without smoothing or penalties, probabilities held at 1e-7 or more as
    Keras does; `auc` is Keras's, over all classes' one-hot columns together; `per_class` is the share found of each.
    """
    right = predicted.argmax(axis=1) == classes
    likelihood = predicted[np.arange(len(classes)), classes].astype(np.float64)
    better = (predicted > predicted[np.arange(len(classes)), classes][:, None]).sum(axis=1)
    return {
        "accuracy": _rounded(right.mean()),
        "loss": _rounded(-np.log(likelihood.clip(1e-7, 1.0)).mean()),
        "auc": _rounded(auc(predicted, classes)),
        "top3": _rounded((better < 3).mean()),
        "ece": _rounded(expected_calibration_error(predicted, classes)),
        "images": len(classes),
        "per_class": {
            label: _rounded(right[classes == number].mean())
            for number, label in enumerate(labels)
            if (classes == number).any()
        },
    }


def auc(predicted: np.ndarray, classes: np.ndarray) -> float:
    """The area under the ROC curve as `keras.metrics.AUC()` has it for one-hot targets."""
    metric = keras.metrics.AUC()
    metric.update_state(np.eye(predicted.shape[1], dtype=np.float32)[classes], predicted)
    return float(metric.result())


def published(name: str, models: Path) -> tuple[keras.Model, Card]:
    """Load `models/<name>`, verified against its card, for inference. Raises TrainingError if there is none."""
    folder = models / name
    if not folder.is_dir():
        raise TrainingError(f"{folder}: no model {name!r} has been published")
    card = Card.read(folder)
    card.verify(folder)
    return keras.models.load_model(folder / WEIGHTS, compile=False), card


def on_split(name: str, models: Path, data_dir: Path, split: str, *, mistakes: Path | None = None) -> Metrics:
    """Score a published model on the "validation" or "test" split of the data set it was trained for.

    `mistakes` is where to draw the images that it was surest of and got wrong. Raises DataError for missing data.
    """
    model, card = published(name, models)
    dataset = card.training.get("recipe", {}).get("dataset")
    if dataset not in data.FOLDERS:
        raise DataError(f"the card of {name!r} names no CIFAR data set; evaluate it with --folder")
    part: data.Split = getattr(data.load(dataset, data_dir), split)
    predicted = probabilities(model, part.images)
    if mistakes:
        pictures.mistakes(predicted, part.classes, part.images, card.labels, mistakes)
    return metrics(predicted, part.classes, card.labels)


def on_folder(name: str, models: Path, folder: Path, *, max_pixels: int) -> Metrics:
    """Score a published model on pictures in one sub-folder per label."""
    model, card = published(name, models)
    pixels, classes = read_folder(folder, card, max_pixels=max_pixels)
    return metrics(probabilities(model, pixels), classes, card.labels)


def read_folder(folder: Path, card: Card, *, max_pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, height, width, 3) and class numbers (N,) of the pictures in `folder/<label>/`.

    Hidden files and folders are left out.

    Raises DataError for a sub-folder that is no label, a file that cannot be decoded, or no pictures at all.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    pixels, classes = [], []
    for part in sorted(path for path in folder.iterdir() if path.is_dir() and not _hidden(path)):
        if part.name not in card.labels:
            raise DataError(f"{part} is not a label of {card.name}; its labels are {', '.join(card.labels)}")
        for path in sorted(each for each in part.iterdir() if images.is_picture(each) and not _hidden(each)):
            pixels.append(_decoded(path, card, max_pixels))
            classes.append(card.labels.index(part.name))
    if not pixels:
        raise DataError(f"{folder} holds no pictures; expected them in one sub-folder per label")
    return np.stack(pixels), np.asarray(classes)


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _decoded(path: Path, card: Card, max_pixels: int) -> np.ndarray:
    try:
        size = card.input.height, card.input.width
        return images.decode(path.read_bytes(), size, max_pixels=max_pixels, channels=card.input.channels)
    except KerasqError as error:
        raise DataError(f"{path}: {error}") from error


def _rounded(figure: float) -> float:
    return round(float(figure), 6)
