"""The lines that `kerasq classify` writes, for scripts that do its work without it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def labels(model: Path) -> list[str]:
    return json.loads((model / "card.json").read_text())["labels"]


def line(file: str, row: np.ndarray, labels: Sequence[str]) -> str:
    """The three most probable labels of one row of probabilities (classes,)."""
    best = (-row).argsort(kind="stable")[:3]
    predictions = [{"label": labels[each], "probability": round(float(row[each]), 6)} for each in best]
    return json.dumps({"file": file, "predictions": predictions}) + "\n"
