"""A run's folder: what it resumes from, its best weights, its history, and how it was started.

backup-0042.weights.h5  weights and optimizer after 42 epochs
best-0040.weights.h5    the weights of the epoch with the best validation accuracy, the 40th
history.csv             one row an epoch
answers.npy             what the teachers answered, for a recipe that asks them once
run.json                recipe, machine and versions that the run was started with

Weights get their name, which says their epoch, only when they are whole: the process may die at any time.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from training import provenance
from training.errors import RunError
from training.recipes import Recipe

BACKUP, BEST = "backup", "best"
SUFFIX = ".weights.h5"
ANSWERS = "answers.npy"
HISTORY = "history.csv"
RECORD = "run.json"
#: Columns that the history of every run has beside those of the metrics; a run from before they were logged lacks them.
LOGGED = {"input_seconds", "learning_rate", "seconds"}


def history(run: Path) -> list[dict[str, str]]:
    """The rows of the run's history, an epoch each in order, the later of two for one epoch; [] if there is none.

    One that was not written to its end is left out: its epoch was not backed up.
    """
    path = run / HISTORY
    if not path.exists():
        return []
    with path.open(newline="") as file:
        whole = [row for row in csv.DictReader(line.replace("\0", "") for line in file) if None not in row.values()]
    rows = {int(row["epoch"]): row for row in whole}
    return [rows[epoch] for epoch in sorted(rows)]


def best(rows: list[dict[str, str]], *, last: bool = False) -> dict[str, str] | None:
    """The row of the epoch whose weights were kept: the first with the highest validation accuracy, or the `last`."""
    if last:
        return rows[-1] if rows else None
    return max(rows, key=lambda row: float(row["val_accuracy"]), default=None)


def kept(run: Path) -> list[dict[str, str]]:
    """The history as far as the run's backup knows it, what came after it being done again; all where there is none."""
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


def weights(run: Path, kind: str) -> dict[int, Path]:
    """The run's files of a kind, BACKUP or BEST, by the epochs behind them, the newest last."""
    found = run.glob(f"{kind}-[0-9]*{SUFFIX}")
    return dict(sorted((int(path.name.removesuffix(SUFFIX).removeprefix(f"{kind}-")), path) for path in found))


def epochs_done(run: Path) -> int:
    """How many epochs the run's backup has behind it; 0 if there is none."""
    return max(weights(run, BACKUP), default=0)


def best_weights(run: Path) -> Path:
    """The best weights among those of `kept`. Raises RunError if there are none."""
    done = epochs_done(run)
    known = [path for epochs, path in weights(run, BEST).items() if not done or epochs <= done]
    if not known:
        raise RunError(f"{run} holds no {BEST}-*{SUFFIX} of an epoch that is backed up")
    return known[-1]


def save(model: keras.Model, run: Path, kind: str, epochs: int) -> None:
    """Write the model's weights and optimizer after so many epochs."""
    model.save_weights(run / f"unfinished{SUFFIX}", overwrite=True)
    (run / f"unfinished{SUFFIX}").replace(run / f"{kind}-{epochs:04}{SUFFIX}")


def tidy(run: Path) -> None:
    """Remove weights that newer ones took the place of, and best ones of epochs that will be done again."""
    done, best_ones = epochs_done(run), weights(run, BEST)
    known = [epochs for epochs in best_ones if epochs <= done]
    for path in [path for epochs, path in best_ones.items() if epochs not in known[-1:]]:
        path.unlink()
    for path in list(weights(run, BACKUP).values())[:-1]:
        path.unlink()


def rewind(run: Path, epochs: int) -> list[dict[str, str]]:
    """Cut the history to `epochs` epochs, which are those that the backup knows, and return them.

    A run that died after its backup repeats what came then; its rows must not be there twice.
    """
    rows = [row for row in history(run) if int(row["epoch"]) < epochs]
    if not rows:
        (run / HISTORY).unlink(missing_ok=True)
    else:
        columns = ["epoch", *sorted({*rows[0], *LOGGED} - {"epoch"})]
        with (run / f"unfinished-{HISTORY}").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        (run / f"unfinished-{HISTORY}").replace(run / HISTORY)
    return rows


def begin(
    run: Path,
    recipe: Recipe,
    before: dict[str, list[dict[str, Any]]],
    images: int | None = None,
    precision: str = "float32",
    data: Mapping[str, str] | None = None,
) -> None:
    """Write down how the run was started: from which versions of the models `before` it, and with how many `images`.

    None is all of the training images; `data` are the sha256 of their files. The `precision` is written down, too, and
    may be another when it goes on.

    Raises RunError if it was started with another recipe, other models before it, other or another number of images.
    """
    run.mkdir(parents=True, exist_ok=True)
    recipe_facts, given = provenance.recipe_facts(recipe), {**before, "images": images}
    if (known := record(run)) is None:
        known = {"recipe": recipe_facts, **provenance.machine_facts(), **given, "precision": precision, "data": data}
        (run / RECORD).write_text(json.dumps(known, indent=2) + "\n")
    now, then = recipe_facts | _without_hours(given), known["recipe"] | _without_hours(known)
    # What a run does not say, because it began before there was such a thing, it had not.
    differing = [key for key in now if (then.get(key) or None) != (now[key] or None)]
    if data and known.get("data", data) != data:
        differing.append("data")
    if differing:
        raise RunError(f"{run} was started {_differing(differing, then, now)}; choose another folder with --run")


def _without_hours(facts: Mapping[str, Any]) -> dict[str, Any]:
    """`facts` of a run, and of the models before it what tells one from another."""
    kept = {
        how: [{key: value for key, value in source.items() if key != "hours"} for source in facts.get(how) or ()]
        for how in ("started_from", "taught_by")
    }
    return {**facts, **kept}


def _differing(keys: list[str], then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """In words, with both values where they are short."""
    short = [key for key in keys if isinstance(then.get(key), int | float | str) and now[key] is not None]
    values = [f"with {key} {then.get(key)}, not {now[key]}" for key in short]
    return " and ".join([*values, *(f"with another {key}" for key in keys if key not in short)])


def demand_recipe(run: Path, recipe: Recipe) -> None:
    """Raise RunError where the run says that it is of another recipe; its length may be another."""
    known = (record(run) or {}).get("recipe", {})
    now = provenance.recipe_facts(recipe)
    if differing := [key for key in known if key in now and key != "epochs" and known[key] != now[key]]:
        raise RunError(f"{run} was started {_differing(differing, known, now)}: it is no run of this recipe")


def record(run: Path) -> dict[str, Any] | None:
    """How the run was started, or None for a run that does not say. Raises RunError for a record that is damaged."""
    path = run / RECORD
    if not path.exists():
        return None
    try:
        known = json.loads(path.read_text())
        return {**known, "recipe": dict(known["recipe"])}
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{path} is damaged; choose another folder with --run") from None
