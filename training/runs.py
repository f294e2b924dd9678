"""A run's folder: what it resumes from, its best weights, its history, and how it was started.

backup/             Keras's BackupAndRestore: weights, optimizer, epoch
best.weights.h5     the weights of the epoch with the best validation accuracy
better.weights.h5   better ones, of an epoch that is not backed up yet
history.csv         one row an epoch
answers.npy         what the teachers answered, for a recipe that asks them once
run.json            recipe, machine and versions that the run was started with
"""

import csv
import json
from pathlib import Path
from typing import Any

from training import provenance
from training.errors import RunError
from training.recipes import Recipe

BACKUP = "backup"
ANSWERS = "answers.npy"
BEST = "best.weights.h5"
BETTER = "better.weights.h5"
HISTORY = "history.csv"
RECORD = "run.json"
#: Columns that the history of every run has beside those of the metrics; a run from before they were logged lacks them.
LOGGED = {"input_seconds", "learning_rate", "seconds"}


def history(run: Path) -> list[dict[str, str]]:
    """The rows of the run's history, an epoch each in order, the later of two for one epoch; [] if there is none."""
    path = run / HISTORY
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
    return [rows[epoch] for epoch in sorted(rows)]


def best(rows: list[dict[str, str]]) -> dict[str, str] | None:
    """The row of the epoch whose weights were kept: the first with the highest validation accuracy."""
    return max(rows, key=lambda row: float(row["val_accuracy"]), default=None)


def kept(run: Path) -> list[dict[str, str]]:
    """The history as far as the run's best weights know it: what came after its last backup is done again."""
    done = epochs_done(run)
    return [row for row in history(run) if not done or int(row["epoch"]) < done]


def hours(rows: list[dict[str, str]], run: Path) -> float:
    """What the epochs of `rows` took together. Raises RunError, naming the run, where one does not say."""
    if not all(row.get("seconds") for row in rows):
        raise RunError(f"{run / HISTORY} lacks the seconds of an epoch; state the training time with --hours")
    return sum(float(row["seconds"]) for row in rows) / 3600


def input_share(run: Path) -> float | None:
    """The share of its time that went into making batches, 0 to 1; None for a run that does not say."""
    rows = history(run)
    if not rows or not all(row.get("seconds") and row.get("input_seconds") for row in rows):
        return None
    return sum(float(row["input_seconds"]) for row in rows) / sum(float(row["seconds"]) for row in rows)


def epochs_done(run: Path) -> int:
    """How many epochs the run's backup has behind it. Raises RunError for a backup that was cut off."""
    path = run / BACKUP / "training_metadata.json"
    try:
        return int(json.loads(path.read_text())["epoch"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError):
        raise RunError(f"{path} was cut off; put the .bkp files beside it, the backup before, in its place") from None


def rewind(run: Path, epochs: int) -> list[dict[str, str]]:
    """Cut the history to `epochs` epochs, which are those that the backup knows, and return them.

    A run that died after its backup repeats what came then; its rows must not be there twice.
    """
    rows = [row for row in history(run) if int(row["epoch"]) < epochs]
    if not rows:
        (run / HISTORY).unlink(missing_ok=True)
    else:
        columns = ["epoch", *sorted({*rows[0], *LOGGED} - {"epoch"})]
        with (run / HISTORY).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return rows


def begin(
    run: Path,
    recipe: Recipe,
    before: dict[str, list[dict[str, Any]]],
    images: int | None = None,
    precision: str = "float32",
) -> None:
    """Write down how the run was started: from which versions of the models `before` it, and with how many `images`.

    None is all of the training images. The `precision` is written down, too, and may be another when it goes on.

    Raises RunError if it was started with another recipe, other models before it or another number of images.
    """
    run.mkdir(parents=True, exist_ok=True)
    recipe_facts, given = provenance.recipe_facts(recipe), {**before, "images": images}
    if (known := record(run)) is None:
        known = {"recipe": recipe_facts, **provenance.machine_facts(), **given, "precision": precision}
        (run / RECORD).write_text(json.dumps(known, indent=2) + "\n")
    now, then = recipe_facts | given, known["recipe"] | known
    # What a run does not say, because it began before there was such a thing, it had not.
    differing = [key for key in now if (then.get(key) or None) != (now[key] or None)]
    if differing:
        raise RunError(f"{run} is a run with another {', '.join(differing)}; choose another folder with --run")


def record(run: Path) -> dict[str, Any] | None:
    """How the run was started, or None for a run that does not say. Raises RunError for a record that is damaged."""
    path = run / RECORD
    try:
        return dict(json.loads(path.read_text())) if path.exists() else None
    except (TypeError, ValueError):
        raise RunError(f"{path} is damaged; choose another folder with --run") from None
