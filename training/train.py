"""A recipe from its name to a finished run."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import keras

from training import data, evaluate, fit, provenance, runs
from training.data import Dataset, Split
from training.distill import Teachers
from training.errors import TrainingError
from training.precision import building
from training.recipes import RECIPES, Recipe


def train(
    recipe: Recipe, run: Path, *, data_dir: Path, models: Path, images: int | None = None, precision: str = "float32"
) -> None:
    """Train, or go on from where `run` stopped, with the published models in `models` that the recipe names.

    `images` is how many of the training images are used, None for all; `precision` as in `fit.fit`.
    Raises TrainingError where one is missing or is not what the recipe takes it for, DataError for missing data,
    RunError for the run of another recipe.
    """
    dataset = _dataset(recipe.dataset, data_dir, images)
    teachers = None
    if teaching := recipe.teaching:
        teachers = Teachers(teaching, [_teacher(name, dataset.labels, models, precision) for name in teaching.models])
    start = evaluate.published(recipe.start, models)[0] if recipe.start else None
    before, files = provenance.before(recipe, models), data.fingerprints(recipe.dataset, data_dir)
    runs.begin(run, recipe, before, images, precision, files)
    fit.fit(recipe, dataset, run, start=start, teachers=teachers, precision=precision)


def _teacher(name: str, labels: tuple[str, ...], models: Path, precision: str) -> keras.Model:
    """Published models compute in float32; as a teacher one computes as its student does."""
    model, card = evaluate.published(name, models)
    if card.labels != labels:
        raise TrainingError(f"{models / name} has other labels than the data set; it cannot teach on it")
    with building(precision):
        teacher = fit.build(RECIPES[name])
    try:
        teacher.set_weights(model.get_weights())
    except ValueError:
        raise TrainingError(
            f"{models / name} is another network than that of the recipe {name}; it cannot teach"
        ) from None
    return teacher


# Kept, because reading takes seconds, and runs that differ in their seeds share it.
@lru_cache(maxsize=1)
def _dataset(name: str, data_dir: Path, images: int | None) -> Dataset:
    dataset = data.load(name, data_dir)
    few = Split(images=dataset.train.images[:images], classes=dataset.train.classes[:images])
    return replace(dataset, train=few)
