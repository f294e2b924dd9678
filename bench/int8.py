"""Post-training quantisation to int8: what it costs in accuracy and gives in speed, beside float32.

    python -m bench int8                            # needs the data sets and `pip install -e '.[train]'`
    python -m bench int8 --only cifar10 --keep      # and writes models/cifar10/openvino-int8.xml into its card

Calibrated on training images, scored on the validation split; the test split is not looked at.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench import bar, environments, results
from bench.bar import Bar
from bench.environments import PEERS
from bench.kerasq import MODELS
from bench.rates import BATCHES, noise, rate
from bench.results import Table
from bench.spread import Spread
from contract.card import Card, Cards, sha256
from contract.settings import Settings
from training import data
from worker.engines.engine import Engine
from worker.engines.openvino import INT8_FILE, OpenVinoEngine

FOLDER = "int8"
FILES = (INT8_FILE, INT8_FILE.replace(".xml", ".bin"))
#: Training images to calibrate on.
CALIBRATION = 500
#: The most that may be lost, in percentage points.
LOSS = 0.2


@dataclass(frozen=True, kw_only=True)
class Found:
    """Shares of the validation images: right in float32 and in int8, and with the same first answer in both."""

    float32: float
    int8: float
    agreement: float
    #: Precision -> batch -> images a second, one for each round.
    rates: dict[str, dict[int, list[float]]]

    @property
    def lost(self) -> float:
        """Percentage points, without what binary fractions add: ten images of 5,000 are 0.2."""
        return round(100 * (self.float32 - self.int8), 6)


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench int8", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(MODELS), metavar="NAME,...", help="(%(default)s)")
    parser.add_argument("--keep", action="store_true", help=f"put it into the model if it loses at most {LOSS} points")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each speed in a round (%(default)s)")
    options = parser.parse_args(argv)
    if not environments.installed(FOLDER):
        parser.error(f"{FOLDER} is not installed; `python -m bench install --only {FOLDER}` does it")
    settings, found = Settings.from_env(), {}
    cards = Cards(settings.models_dir)
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="kerasq-bench-") as work:
            folder = cards.folder / cards[name].name
            found[name] = measure(folder, data.load(name, settings.data_dir), Path(work), options)
            if options.keep and found[name].lost <= LOSS:
                keep(cards[name], folder, Path(work))
    tables = [accuracy_table(found), speed_table(found), bar.table(bars(found))]
    results.write("int8", tables, models={name: asdict(each) for name, each in found.items()})
    print("\n\n".join(each.text() for each in tables))


def measure(folder: Path, dataset: data.Dataset, work: Path, options: argparse.Namespace) -> Found:
    """Quantise into `work`, score both, time both in turn."""
    quantise(folder, dataset.train.images[:CALIBRATION], work)
    engines: dict[str, Engine] = {
        "float32": OpenVinoEngine(folder, replace(Settings(), precision="float32")),
        "int8": OpenVinoEngine(work, replace(Settings(), precision="int8")),
    }
    pieces = np.array_split(dataset.validation.images, 20)
    answers = {name: np.concatenate([each.predict(p).argmax(axis=1) for p in pieces]) for name, each in engines.items()}
    rates: dict[str, dict[int, list[float]]] = {name: {batch: [] for batch in BATCHES} for name in engines}
    for _ in range(options.rounds):
        for batch in BATCHES:
            for name, each in engines.items():
                rates[name][batch].append(rate(each.predict, noise(each.input_shape, batch), options.seconds))
    right = {name: float((each == dataset.validation.classes).mean()) for name, each in answers.items()}
    return Found(**right, agreement=float((answers["float32"] == answers["int8"]).mean()), rates=rates)


def quantise(folder: Path, images: np.ndarray, work: Path) -> None:
    """Write FILES into `work`, calibrated on uint8 (N, height, width, channels)."""
    np.save(work / "images.npy", images)
    script = PEERS / FOLDER / "quantise.py"
    paths = (script, folder / "openvino.xml", work / "images.npy", work / INT8_FILE)
    subprocess.run([environments.python(FOLDER), *paths], check=True, stdout=subprocess.DEVNULL)


def keep(card: Card, folder: Path, work: Path) -> None:
    """Move FILES into the model's folder and name them in its card."""
    for file in FILES:
        shutil.move(work / file, folder / file)
    replace(card, files={**card.files, **{file: sha256(folder / file) for file in FILES}}).write(folder)


def accuracy_table(found: dict[str, Found]) -> Table:
    rows = [
        [name, f"{each.float32:.4f}", f"{each.int8:.4f}", f"{each.lost:.2f}", f"{each.agreement:.4f}"]
        for name, each in found.items()
    ]
    columns = ["model", "float32", "int8", "lost, points", "same first answer"]
    note = f"Calibrated on {CALIBRATION} training images; the first convolution and the last layer stay float32."
    return Table(title="Accuracy on the validation images", columns=columns, rows=rows, note=note)


def speed_table(found: dict[str, Found]) -> Table:
    rows = [
        [f"{name}, {precision}", *(str(Spread.of(each.rates[precision][batch])) for batch in BATCHES)]
        for name, each in found.items()
        for precision in each.rates
    ]
    columns = ["model", *(f"images/s, batch {batch}" for batch in BATCHES)]
    return Table(title="Speed", columns=columns, rows=rows, note="Median of the rounds (lowest–highest).")


def bars(found: dict[str, Found]) -> list[Bar]:
    return [
        Bar(name=f"{name}, accuracy lost", wanted=LOSS, found=each.lost, unit=" points", at_most=True)
        for name, each in found.items()
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
