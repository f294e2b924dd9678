"""A recipe from its name to a finished run."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from training import data, evaluate, fit, publish, runs
from training.data import Dataset, Split
from training.fit import Targets
from training.recipes import Recipe, Teaching


def train(recipe: Recipe, run: Path, *, data_dir: Path, models: Path, images: int | None = None) -> None:
    """Train, or go on from where `run` stopped, with the published models in `models` that the recipe names.

    `images` is how many of the training images are used, None for all.
    Raises TrainingError where one is missing, DataError for missing data, RunError for the run of another recipe.
    """
    names = () if runs.epochs_done(run) else recipe.start_from
    start = [evaluate.published(name, models)[0] for name in names]
    dataset, targets = _lessons(recipe.dataset, recipe.teaching, data_dir, models, images)
    runs.begin(run, recipe, publish.started_from(recipe, models))
    fit.fit(recipe, dataset, run, start=start, targets=targets)


@lru_cache(maxsize=1)
def _lessons(
    name: str, teaching: Teaching | None, data_dir: Path, models: Path, images: int | None
) -> tuple[Dataset, Targets]:
    """Data and targets: kept, because a teacher takes minutes, and runs that differ in their seeds share one."""
    dataset = data.load(name, data_dir)
    few = Split(images=dataset.train.images[:images], classes=dataset.train.classes[:images])
    dataset = replace(dataset, train=few)
    if teaching is None:
        return dataset, fit.labels(dataset)
    return dataset, fit.taught(dataset, evaluate.published(teaching.model, models)[0], teaching.temperature)
