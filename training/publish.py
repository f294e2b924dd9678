"""A finished run -> `models/<name>/`: calibrated, exported, checked, measured once on the test split, described."""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np

from contract.card import WEIGHTS, Card, Input, sha256
from training import calibrate, data, engine, evaluate, networks, pictures, provenance, runs
from training.data import Dataset
from training.errors import PublishError, RunError
from training.fit import build
from training.recipes import Recipe
from training.staging import staged

#: How far the weights' validation accuracy, in float32, may be from the history's, which is of the arithmetic that the
#: run was in, and the highest of as many as there were epochs.
TOLERANCE = 0.005
LIMITS = (
    "For photos that show one object of the {classes} labels, large and in the middle, as the images of CIFAR do. It "
    "sees 32x32 pixels, answers with one of its labels whatever the picture shows, and its probabilities are "
    "calibrated on images of that kind alone. Not for decisions about people."
)


def publish(name: str, recipe: Recipe, *, run: Path, data_dir: Path, models: Path, hours: float | None = None) -> Card:
    """Write `models/<name>/` from the best weights of `run`, and return its card.

    `hours` states the training time, for a history without `seconds`. Everything is written and checked beside
    it first, so a failure leaves the published model as it was.

    Raises RunError for a run that lacks something or is of another recipe, PublishError where the weights do not give
    what the history says or the exported engine does not agree with Keras, DataError for missing data.
    """
    runs.demand_recipe(run, recipe)
    rows = runs.kept(run)
    best = runs.best(rows, last=recipe.last)
    if best is None:
        raise RunError(f"{run} holds no finished epoch: {runs.HISTORY} is missing or empty")
    taken = hours if hours is not None else runs.hours(rows, run)
    record = runs.record(run)
    if record and record.get("images") is not None:
        raise RunError(f"{run} was trained on {record['images']:,} images; what is published has seen all of them")
    dataset = data.load(recipe.dataset, data_dir)
    model = _trained(recipe, run)
    calibration = _calibrated(model, dataset, best)
    origin = _origin(recipe, run, models)
    with staged(models / name) as stage:
        model = _written(model, dataset, stage)
        training = {
            **origin,
            "seed": origin["recipe"]["seed"],
            "epochs": len(rows),
            "best_epoch": int(best["epoch"]) + 1,
            "hours": round(taken, 3),
            **calibration,
            "data": _data_facts(recipe, dataset, data_dir),
        }
        card = _described(name, model, dataset, training, stage)
        shutil.copy(run / runs.HISTORY, stage / runs.HISTORY)
        pictures.curves(rows, int(best["epoch"]) + 1, stage)
        card.verify(stage)
    return card


def _trained(recipe: Recipe, run: Path) -> keras.Model:
    """The recipe's network with the run's best weights; never compiled, so no optimizer is saved with it."""
    model, path = build(recipe), runs.best_weights(run)
    try:
        model.load_weights(path)
    except (ValueError, OSError) as error:
        raise RunError(f"{path} does not fit the network of the recipe, {model.name}: {error}") from error
    return model


def _calibrated(model: keras.Model, dataset: Dataset, best: dict[str, str]) -> dict[str, Any]:
    """Fold the best temperature into `model`; first, see that its weights are those of the history."""
    images, classes = dataset.validation.images, dataset.validation.classes
    scores, mirrored = (calibrate.logits(model, each) for each in (images, images[:, :, ::-1]))
    found, expected = float((scores.argmax(axis=1) == classes).mean()), float(best["val_accuracy"])
    if abs(found - expected) > TOLERANCE:
        raise PublishError(
            f"the best weights give {found:.4f} validation accuracy, {runs.HISTORY} says {expected:.4f}: "
            "they are of different runs, the data is not what it was, or float32 is so far from the run's arithmetic"
        )
    # The epoch was chosen on the images as they are, which makes it look a little better on them than it is.
    temperature = calibrate.find_temperature(np.concatenate([scores, mirrored]), np.tile(classes, 2))
    calibrate.fold(model, temperature)
    before, after = (calibrate.nll(scores, classes, each) for each in (1.0, temperature))
    return {
        "temperature": round(temperature, 6),
        "validation_loss": {"before_temperature": round(before, 6), "after": round(after, 6)},
    }


def _written(model: keras.Model, dataset: Dataset, stage: Path) -> keras.Model:
    """Save the model and its engine file into `stage`; return the model as a user will load it."""
    sample = dataset.test.images[:: max(1, len(dataset.test.images) // 512)]
    expected = evaluate.probabilities(model, sample)
    model.save(stage / WEIGHTS)
    loaded = keras.models.load_model(stage / WEIGHTS)
    if not np.allclose(evaluate.probabilities(loaded, sample), expected, rtol=0, atol=1e-6):
        raise PublishError(f"{WEIGHTS} does not give back the probabilities of the model that was saved in it")
    engine.export(loaded, stage)
    engine.check(stage, sample, expected)
    return loaded


def _described(name: str, model: keras.Model, dataset: Dataset, training: dict[str, Any], stage: Path) -> Card:
    """Measure the model, draw how it does on the test split, and write its card into `stage`."""
    test = evaluate.probabilities(model, dataset.test.images)
    validation = evaluate.probabilities(model, dataset.validation.images)
    pictures.reliability_diagram(test, dataset.test.classes, stage / "reliability.png")
    pictures.confusion(test, dataset.test.classes, dataset.superclasses or dataset.labels, stage / "confusion.png")
    height, width, channels = model.input_shape[1:]
    card = Card(
        name=name,
        labels=dataset.labels,
        input=Input(height=height, width=width, channels=channels),
        files={file: sha256(stage / file) for file in (WEIGHTS, *engine.FILES)},
        parameters={**provenance.parameters(model), "multiply_adds": networks.multiply_adds(model)},
        metrics={
            "test": evaluate.metrics(test, dataset.test.classes, dataset.labels),
            "validation": evaluate.metrics(validation, dataset.validation.classes, dataset.labels),
        },
        training=training,
        limits=LIMITS.format(classes=len(dataset.labels)),
    )
    card.write(stage)
    return card


def _origin(recipe: Recipe, run: Path, models: Path) -> dict[str, Any]:
    """Recipe, versions, hardware and the models before it: as the run has them, else as they are here and now."""
    facts = runs.record(run) or {
        "recipe": provenance.recipe_facts(recipe),
        **provenance.machine_facts(),
        **provenance.before(recipe, models),
    }
    return {**facts, "versions": {**facts["versions"], "openvino": version("openvino")}}


def _data_facts(recipe: Recipe, dataset: Dataset, data_dir: Path) -> dict[str, Any]:
    return {
        "name": recipe.dataset,
        "images": {split: len(getattr(dataset, split).classes) for split in ("train", "validation", "test")},
        "split_seed": data.SPLIT_SEED,
        "sha256": data.fingerprints(recipe.dataset, data_dir),
    }
