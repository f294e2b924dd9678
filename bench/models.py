"""Every model on every engine: what it gets right, how sure it is, whether it agrees with Keras, how fast it is.

    python -m bench models                      # needs the data set and `pip install -e '.[train]'`
    python -m bench models --only cifar10 --split validation

The engines are the worker's own. A model is scored on its data set's images; one of another data set is left out.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench import arithmetic, results
from bench.rates import BATCHES, rate
from bench.results import Table
from bench.spread import plain
from contract.card import Card, Cards
from contract.settings import Settings
from training import data, evaluate
from worker.engines.keras import KerasEngine
from worker.engines.openvino import OpenVinoEngine, open_openvino

COLUMNS = ("model, engine", "accuracy", "loss", "ECE", "agrees with Keras float32")
Predict = Callable[[np.ndarray], np.ndarray]


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench models", description="Every model on every engine.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these models alone")
    parser.add_argument("--split", choices=("validation", "test"), default="test", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each rate (%(default)s)")
    options = parser.parse_args(argv)
    settings = Settings.from_env()
    rows = []
    for name, card in Cards(settings.models_dir).items():
        dataset = card.training.get("recipe", {}).get("dataset")
        if dataset in data.FOLDERS and name in (options.only or [name]):
            part = getattr(data.load(dataset, settings.data_dir), options.split)
            rows += _scored(card, settings.models_dir / name, part, settings, options.seconds)
    sizes = tuple(f"images/s, batch {batch}" for batch in BATCHES)
    note = f"On the {options.split} images. Rates of one process with all cores; OpenVINO as the worker opens it."
    table = Table(title="Every model on every engine", columns=[*COLUMNS, *sizes], rows=rows, note=note)
    results.write("models", [table])
    print(table.text())


def engines(folder: Path, settings: Settings) -> dict[str, Predict | None]:
    """Every engine of the worker, by name, Keras in float32 first; None for one that this CPU has no arithmetic for."""
    single, half = (replace(settings, precision=each) for each in ("float32", "bfloat16"))
    return {
        "Keras float32": KerasEngine(folder, single).predict,
        "Keras mixed_bfloat16": KerasEngine(folder, half).predict,
        "OpenVINO float32": OpenVinoEngine(folder, single).predict,
        "OpenVINO bfloat16": OpenVinoEngine(folder, half).predict if arithmetic.can("BF16") else None,
        "OpenVINO as it is by default": open_openvino(folder, replace(settings, precision="auto")).predict,
    }


def _scored(card: Card, folder: Path, part: data.Split, settings: Settings, seconds: float) -> list[list[object]]:
    rows: list[list[object]] = []
    first: np.ndarray | None = None
    for name, predict in engines(folder, settings).items():
        if predict is None:
            rows.append([f"{card.name}, {name}", arithmetic.NO_BFLOAT16, *["–"] * (len(COLUMNS) - 2 + len(BATCHES))])
            continue
        predicted = np.concatenate([predict(part.images[at : at + 250]) for at in range(0, len(part.images), 250)])
        first = predicted.argmax(axis=1) if first is None else first
        found = evaluate.metrics(predicted, part.classes, card.labels)
        figures = [f"{found[key]:.4f}" for key in ("accuracy", "loss", "ece")]
        agreement = f"{(predicted.argmax(axis=1) == first).mean():.2%}"
        rates = [plain(rate(predict, part.images, seconds, batch)) for batch in BATCHES]
        rows.append([f"{card.name}, {name}", *figures, agreement, *rates])
    return rows


if __name__ == "__main__":
    main(sys.argv[1:])
