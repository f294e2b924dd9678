"""The pictures beside a published model: how training went, and where the model is wrong."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.calibrate import reliability

CURVES = {
    "accuracy": "accuracy",
    "loss": "loss as trained: cross-entropy + penalties",
    "auc": "area under the ROC curve",
}


def curves(rows: Sequence[dict[str, str]], best_epoch: int, folder: Path) -> None:
    """Write accuracy.png, loss.png and auc.png from a history; `best_epoch`, counted from 1, is marked."""
    for metric, meaning in CURVES.items():
        figure, axes = _blank((6, 4))
        for column, label in ((metric, "training (augmented images)"), (f"val_{metric}", "validation")):
            epochs = [int(row["epoch"]) + 1 for row in rows]
            axes.plot(epochs, [float(row[column]) for row in rows], label=label, marker="." if len(rows) < 40 else "")
        axes.axvline(best_epoch, color="grey", linestyle=":", label=f"epoch {best_epoch}, the one kept")
        axes.set(xlabel="epoch", ylabel=meaning)
        axes.grid(alpha=0.3)
        axes.legend()
        _save(figure, folder / f"{metric}.png")


def reliability_diagram(predicted: np.ndarray, classes: np.ndarray, path: Path) -> None:
    """Accuracy against confidence on the test images, beside the diagonal that a perfectly calibrated model follows."""
    found = reliability(predicted, classes)
    edges = np.linspace(0, 1, len(found.images) + 1)
    figure, axes = _blank((5, 5))
    axes.bar(edges[:-1], np.nan_to_num(found.accuracy), np.diff(edges), align="edge", edgecolor="white", label="model")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="perfectly calibrated")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"{len(classes):,} test images, expected calibration error {found.error:.4f}", fontsize=10)
    axes.legend(loc="upper left")
    _save(figure, path)


def confusion(predicted: np.ndarray, classes: np.ndarray, groups: Sequence[str], path: Path) -> None:
    """Row by row, the share of one group's images that were taken for each group; shares under 2 % without a number.

    `groups` (classes,) names the group that each class is drawn in: its own label, or its superclass.
    """
    names = tuple(dict.fromkeys(groups)) if len(set(groups)) == len(groups) else tuple(sorted(set(groups)))
    group_of = np.array([names.index(group) for group in groups])
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (group_of[classes], group_of[predicted.argmax(axis=1)]), 1)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    figure, axes = _blank((7, 6.4) if len(names) <= 10 else (9, 8.2))
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    words = [name.replace("_", " ") for name in names]
    axes.set_xticks(range(len(names)), words, rotation=90)
    axes.set_yticks(range(len(names)), words)
    axes.set(xlabel="taken for", ylabel="is")
    _numbers(axes, shares)
    _save(figure, path)


def mistakes(
    predicted: np.ndarray, classes: np.ndarray, images: np.ndarray, labels: Sequence[str], path: Path, count: int = 24
) -> None:
    """The `count` images uint8 (N, H, W, 3) that the model was surest of and got wrong, with both labels."""
    wrong = np.flatnonzero(predicted.argmax(axis=1) != classes)
    surest = wrong[np.argsort(-predicted[wrong].max(axis=1), kind="stable")][:count]
    figure = Figure(figsize=(9, 1.75 * -(-max(len(surest), 1) // 6)), layout="constrained")
    for place, number in enumerate(surest, start=1):
        axes = figure.add_subplot(-(-len(surest) // 6), 6, place)
        axes.imshow(images[number])
        axes.set_axis_off()
        said, is_ = labels[predicted[number].argmax()], labels[classes[number]]
        words = f"{said} {predicted[number].max():.1%}\nis {is_}".replace("_", " ")
        axes.set_title(words, fontsize=8)
    _save(figure, path)


def _numbers(axes: Axes, shares: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(shares >= 0.02), strict=True):
        share = shares[row, column]
        colour = "white" if share > 0.4 else "black"
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", fontsize=6, color=colour)


def _blank(inches: tuple[float, float]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=inches, layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=90)
