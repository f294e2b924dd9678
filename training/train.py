"""A recipe from its name to a finished run."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from training import data, evaluate, fit, publish, runs
from training.data import Dataset, Split
from training.fit import Targets
from training.recipes import Recipe, Teaching


def train(
    recipe: Recipe, run: Path, *, data_dir: Path, models: Path, images: int | None = None, precision: str = "float32"
) -> None:
    """Train, or go on from where `run` stopped, with the published models in `models` that the recipe names.

    `images` is how many of the training images are used, None for all; `precision` as in `fit.fit`.
    Raises TrainingError where one is missing, DataError for missing data, RunError for the run of another recipe.
    """
    names = () if runs.epochs_done(run) else recipe.start_from
    start = [evaluate.published(name, models)[0] for name in names]
    dataset = _dataset(recipe.dataset, data_dir, images)
    origin = publish.started_from(recipe, models), publish.taught_by(recipe, models)
    runs.begin(run, recipe, *origin, images, precision)

    teaching = recipe.teaching
    targets = (lambda _: _taught(recipe.dataset, teaching, data_dir, models, images)) if teaching else fit.labels
    fit.fit(recipe, dataset, run, start=start, targets=targets, precision=precision)


# Kept, because reading takes seconds and a teacher minutes, and runs that differ in their seeds share them.
@lru_cache(maxsize=1)
def _dataset(name: str, data_dir: Path, images: int | None) -> Dataset:
    dataset = data.load(name, data_dir)
    few = Split(images=dataset.train.images[:images], classes=dataset.train.classes[:images])
    return replace(dataset, train=few)


@lru_cache(maxsize=1)
def _taught(name: str, teaching: Teaching, data_dir: Path, models: Path, images: int | None) -> Targets:
    teachers = [evaluate.published(teacher, models)[0] for teacher in teaching.models]
    return fit.taught(_dataset(name, data_dir, images), teachers, teaching.temperature)
