"""Several runs that differ in one thing each: what a change of the recipe is worth, and what chance is."""

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from contract.settings import ROOT
from training import runs
from training.recipes import Recipe
from training.train import train

FOLDER = ROOT / "docs" / "training"
COLUMNS = ("run", "epochs", "val_accuracy", "val_auc", "hours")


def ablation(steps: Mapping[str, Recipe], epochs: int, folder: Path, *, data_dir: Path, models: Path) -> Path:
    """Train each of `steps` for `epochs` epochs and write `ablation.csv`; an interrupted one goes on."""
    shortened = {name: replace(recipe, epochs=epochs) for name, recipe in steps.items()}
    return _written("ablation", shortened, folder, data_dir, models)


def repeats(name: str, recipe: Recipe, seeds: Sequence[int], folder: Path, *, data_dir: Path, models: Path) -> Path:
    """Train `recipe` with each of `seeds` and write `<name>-seeds.csv`; an interrupted one goes on."""
    return _written(
        f"{name}-seeds", {str(seed): replace(recipe, seed=seed) for seed in seeds}, folder, data_dir, models
    )


def _written(study: str, recipes: Mapping[str, Recipe], folder: Path, data_dir: Path, models: Path) -> Path:
    FOLDER.mkdir(exist_ok=True)
    path, rows = FOLDER / f"{study}.csv", []
    for name, recipe in recipes.items():
        rows.append(_row(name, recipe, folder / name.replace(" ", "-"), data_dir, models))
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    return path


def _row(name: str, recipe: Recipe, run: Path, data_dir: Path, models: Path) -> dict[str, object]:
    """Train, and say how good the best epoch is on the validation split; the test split is not looked at."""
    train(recipe, run, data_dir=data_dir, models=models)
    rows = runs.history(run)
    best = runs.best(rows) or {}
    figures = {column: round(float(best[column]), 4) for column in COLUMNS if column.startswith("val_")}
    return {"run": name, "epochs": len(rows), **figures, "hours": round(runs.hours(run), 2)}


def table(path: Path) -> str:
    """A Markdown table of a study; of runs that differ in their seeds alone, with mean and standard deviation."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    head = "| run | epochs | validation accuracy | AUC | hours |\n|---|---:|---:|---:|---:|"
    lines = [head, *("| " + " | ".join(row[column] for column in COLUMNS) + " |" for row in rows)]
    if path.stem.endswith("-seeds"):
        found = [float(row["val_accuracy"]) for row in rows]
        mean, deviation = statistics.mean(found), statistics.stdev(found)
        lines.append(f"| mean ± standard deviation | | {mean:.4f} ± {deviation:.4f} | | |")
    return "\n".join(lines)
