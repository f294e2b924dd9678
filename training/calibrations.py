"""Ways to calibrate, compared on validation images that had no part in it; the test split is not looked at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import softmax

from contract.card import Cards
from training import calibrate, data, evaluate, study

#: From logits (N, classes) and classes (N,) to what it makes of others, (M, classes): the first answers' confidence.
Way = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
HALVINGS = 20


def compare(models: Path, data_dir: Path) -> Path:
    """Write `calibration.csv`: of each published model, the error in percent that each way leaves.

    Each is chosen on one half of the validation images and their mirror images, and measured on the other half as it
    is, `HALVINGS` times. The last column is the error of a model that is right exactly as often as it says.
    """
    rows = []
    for name, card in Cards(models).items():
        if (dataset := card.training.get("recipe", {}).get("dataset")) in data.FOLDERS:
            split = data.load(dataset, data_dir).validation
            model, _ = evaluate.published(name, models)
            views = [calibrate.logits(model, images) for images in (split.images, split.images[:, :, ::-1])]
            errors = _errors(np.stack(views), split.classes, np.random.default_rng(data.SPLIT_SEED))
            rows.append({"model": name, **{way: f"{100 * error:.2f}" for way, error in errors.items()}})
    return study.write("calibration", ("model", *WAYS, "none but chance"), rows)


def _errors(views: np.ndarray, classes: np.ndarray, chance: np.random.Generator) -> dict[str, float]:
    """The mean error of each way, for logits (2, N, classes) of images and of their mirror images."""
    found: dict[str, list[float]] = {name: [] for name in (*WAYS, "none but chance")}
    for _ in range(HALVINGS):
        one, other = np.array_split(chance.permutation(len(classes)), 2)
        scores, right = views[0, other], views[0, other].argmax(axis=1) == classes[other]
        for name, way in WAYS.items():
            confidence = way(np.concatenate(views[:, one]), np.tile(classes[one], 2))(scores)
            found[name].append(calibrate.Reliability.of(confidence, right).error)
        # Of the last way's confidence; another's would make no difference.
        lucky = chance.random(len(other)) < confidence
        found["none but chance"].append(calibrate.Reliability.of(confidence, lucky).error)
    return {name: float(np.mean(errors)) for name, errors in found.items()}


def _at(temperature: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda scores: softmax(scores / temperature, axis=1).max(axis=1)


def _likelihood(scores: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Guo et al. 2017, arXiv:1706.04599."""
    return _at(calibrate.lowest(lambda temperature: calibrate.nll(scores, classes, temperature)))


def _isotonic(scores: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Zadrozny and Elkan 2002, doi:10.1145/775047.775151, of the confidence alone."""
    confidence, right = _at(1.0)(scores), scores.argmax(axis=1) == classes
    order = np.argsort(confidence)
    fitted = isotonic_regression(right[order].astype(np.float64)).x
    return lambda others: np.interp(_at(1.0)(others), confidence[order], fitted)


WAYS: dict[str, Way] = {
    "likelihood of all classes": _likelihood,
    "any rising function": _isotonic,
    "right or wrong": lambda scores, classes: _at(calibrate.find_temperature(scores, classes)),
}
