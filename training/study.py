"""Several runs that differ in one thing each: what a change of the recipe is worth, and what chance is."""

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.settings import ROOT
from training import runs
from training.recipes import Recipe
from training.train import train

FOLDER = ROOT / "docs" / "training"
COLUMNS = ("run", "epochs", "val_accuracy", "val_auc", "hours")
#: What a table calls a column where it is not what the file calls it.
TITLES = {"val_accuracy": "validation accuracy", "val_auc": "AUC"}


def ablation(steps: Mapping[str, Recipe], epochs: int, images: int, folder: Path, **how: Any) -> Path:
    """Train each of `steps` for `epochs` epochs of `images` images and write `ablation.csv`; `how` is for `train`.

    An interrupted one goes on where it was.
    """
    shortened = {name: replace(recipe, epochs=epochs) for name, recipe in steps.items()}
    return _written("ablation", shortened, folder, images=images, **how)


def repeats(name: str, recipe: Recipe, seeds: Sequence[int], folder: Path, **how: Any) -> Path:
    """Train `recipe` with each of `seeds` and write `<name>-seeds.csv`; an interrupted one goes on."""
    seeded = {str(seed): replace(recipe, seed=seed) for seed in seeds}
    return _written(f"{name}-seeds", seeded, folder, **how)


def _written(study: str, recipes: Mapping[str, Recipe], folder: Path, **how: Any) -> Path:
    rows: list[dict[str, object]] = []
    for name, recipe in recipes.items():
        run = folder / name.replace(" ", "-")
        train(recipe, run, **how)
        rows.append(_row(name, run))
        path = write(study, COLUMNS, rows)
    return path


def write(study: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Path:
    """Write `<study>.csv`, which `table` and the page's report read."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{study}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _row(name: str, run: Path) -> dict[str, object]:
    """How good the best epoch is on the validation split; the test split is not looked at."""
    rows = runs.history(run)
    best = runs.best(rows) or {}
    figures = {column: round(float(best[column]), 4) for column in COLUMNS if column.startswith("val_")}
    return {"run": name, "epochs": len(rows), **figures, "hours": round(runs.hours(rows, run), 2)}


def table(path: Path) -> str:
    """A Markdown table of a study; of runs that differ in their seeds alone, with mean and standard deviation."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    titles = [TITLES.get(column, column) for column in rows[0]]
    lines = [f"| {' | '.join(titles)} |", f"|---|{'---:|' * (len(titles) - 1)}"]
    lines += [f"| {' | '.join(row.values())} |" for row in rows]
    if path.stem.endswith("-seeds") and len(rows) > 1:
        found = [float(row["val_accuracy"]) for row in rows]
        mean, deviation = statistics.mean(found), statistics.stdev(found)
        lines.append(f"| mean ± standard deviation | | {mean:.4f} ± {deviation:.4f} | | |")
    return "\n".join(lines)
