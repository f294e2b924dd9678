"""Plots of results, as PNGs in docs/performance/."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

OURS, THEIRS = "#1f77b4", "#b0b0b0"
#: Lines of peers, so that ours, which are solid, stand out.
STYLES = ("--", "-.", ":")


def draw(plot: Mapping[str, Any], folder: Path) -> Path:
    """Draw a Plot, as a results file holds it; the picture's path. Raises ValueError for a kind that is not known."""
    kinds = {"bars": _bars, "stacks": _stacks, "lines": _lines}
    if plot["kind"] not in kinds:
        raise ValueError(f"{plot['file']}: kind {plot['kind']!r} is not one of {', '.join(kinds)}")
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    kinds[plot["kind"]](axes, plot)
    axes.set_title(plot["title"], loc="left")
    axes.set_xlabel(plot["x"])
    axes.spines[["top", "right"]].set_visible(False)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / str(plot["file"])
    figure.savefig(path, dpi=120, metadata={"Software": None})  # so that equal figures make an equal file
    plt.close(figure)
    return path


def _bars(axes: Axes, plot: Mapping[str, Any]) -> None:
    """The longest on top, each with its value and, as a thin line, the rounds it lies between."""
    bars = sorted(plot["bars"].items(), key=lambda each: each[1][0])
    names, values = [name for name, _ in bars], [value for _, (value, _, _) in bars]
    around = [[value - lowest for _, (value, lowest, _) in bars], [highest - value for _, (value, _, highest) in bars]]
    axes.barh(names, values, xerr=around, color=[OURS if _ours(name) else THEIRS for name in names], ecolor="#444444")
    longest = max((highest for _, (_, _, highest) in bars), default=1.0)
    for row, (_, (value, _, highest)) in enumerate(bars):
        axes.text(highest + longest * 0.01, row, f"{value:,.0f}", va="center")
    axes.set_xlim(0, longest * 1.1)


def _stacks(axes: Axes, plot: Mapping[str, Any]) -> None:
    """The first on top; each part with its length."""
    names = list(plot["stacks"])[::-1]
    ends = [0.0] * len(names)
    for part in next(iter(plot["stacks"].values())):
        lengths = [plot["stacks"][name][part] for name in names]
        axes.bar_label(axes.barh(names, lengths, left=ends, label=part), fmt="%.2f", label_type="center")
        ends = [end + length for end, length in zip(ends, lengths, strict=True)]
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False, fontsize="small")


def _lines(axes: Axes, plot: Mapping[str, Any]) -> None:
    peers = 0
    for name, points in plot["lines"].items():
        style = {"linewidth": 2.5} if _ours(name) else {"linewidth": 1.2, "linestyle": STYLES[peers % len(STYLES)]}
        peers += not _ours(name)
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylabel(plot["y"])
    axes.set_xticks(sorted({x for points in plot["lines"].values() for x, _ in points}))
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")


def _ours(name: str) -> bool:
    return name.startswith("kerasq")
