"""The engines on one model: images a second, and the share of what the processor can compute at all.

    python -m bench engines
    python -m bench engines --model cifar100 --rounds 5

OpenVINO on the worker's lanes against Keras's `predict_on_batch`, each in float32 and bfloat16 alone, and against ONNX
Runtime, in turn.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import arithmetic, bar, environments, results
from bench.bar import Bar
from bench.rates import BATCHES, FOLDER, OtherRates, noise, rate
from bench.results import Table
from bench.spread import Spread
from contract.settings import Settings
from worker.engines.engine import Engine
from worker.engines.openvino import OpenVinoEngine

MODEL = "cifar10"
#: What is measured in another process: its name there.
OTHERS = {"Keras float32": "float32", "Keras mixed_bfloat16": "bfloat16", "ONNX Runtime float32": "onnx"}
#: By the name that OpenVINO has for it.
PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
#: Engine -> batch -> images a second, one for each round.
Rates = dict[str, dict[int, list[float]]]


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench engines", description="Rates and shares of the peak.")
    parser.add_argument("--model", default=MODEL, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each figure in a round (%(default)s)")
    options = parser.parse_args(argv)
    if not environments.installed(FOLDER):
        parser.error(f"{FOLDER} is not installed; `python -m bench install --only {FOLDER}` does it")
    model = Settings.from_env().models_dir / options.model
    precisions = [name for name in PRECISIONS if name == "float32" or arithmetic.can("BF16")]
    rates, peaks = measure(model, precisions, options.rounds, options.seconds)
    bars = bars_of(rates, _shares(model, rates, peaks))
    tables = [table_of(options.model, rates), share_table(model, rates, peaks), bar.table(bars)]
    name = "engines" if options.model == MODEL else f"engines-{options.model}"
    results.write(name, tables, rates=rates, peaks=peaks)
    print("\n\n".join(each.text() for each in tables))


def measure(
    model: Path, precisions: Sequence[str], rounds: int, seconds: float
) -> tuple[Rates, dict[str, dict[str, list[float]]]]:
    """The rates, and for each precision the GFLOP/s of each round by who multiplies. Keras runs in both anywhere."""
    rates: Rates = {}
    peaks: dict[str, dict[str, list[float]]] = {name: {} for name in precisions}
    with ExitStack() as stack:
        others = stack.enter_context(OtherRates(model))
        engines = {**_ours(model, precisions, seconds), **_theirs(others, seconds)}
        for _ in range(rounds):
            for batch in BATCHES:
                for name, images_s in engines.items():
                    rates.setdefault(name, {}).setdefault(batch, []).append(images_s(batch))
            for precision in precisions:
                for who, found in arithmetic.peaks(PRECISIONS[precision]).items():
                    peaks[precision].setdefault(who, []).append(found)
    return rates, peaks


def _ours(model: Path, precisions: Sequence[str], seconds: float) -> dict[str, Callable[[int], float]]:
    opened = {name: OpenVinoEngine(model, replace(Settings(), precision=name)) for name in precisions}

    def images_s(engine: Engine, batch: int) -> float:
        return rate(engine.predict, noise(engine.input_shape, batch), seconds)

    return {f"OpenVINO {name}": partial(images_s, engine) for name, engine in opened.items()}


def _theirs(others: OtherRates, seconds: float) -> dict[str, Callable[[int], float]]:
    return {name: partial(others.rate, short, seconds=seconds) for name, short in OTHERS.items()}


def table_of(model: str, rates: Rates) -> Table:
    rows = []
    for name, by_batch in rates.items():
        found = [Spread.of(by_batch[batch]) for batch in BATCHES]
        times = [f"{1000 * batch / each.median:.2f}" for batch, each in zip(BATCHES, found, strict=True) if each]
        rows.append([name, *map(str, found), " / ".join(times), str(to_keras(rates, name, BATCHES[-1]))])
    if "OpenVINO bfloat16" not in rates:
        rows.append(["OpenVINO bfloat16", *["–"] * len(BATCHES), arithmetic.NO_BFLOAT16, "–"])
    sizes = " / ".join(map(str, BATCHES))
    columns = ["engine", *(f"images/s, batch {batch}" for batch in BATCHES), f"ms a batch of {sizes}"]
    note = (
        "Median of the rounds, and the rounds it lies between. OpenVINO on the worker's lanes, on one core for up to "
        "16 images; Keras with oneDNN on; ONNX Runtime as it is."
    )
    return Table(title=f"Engines, {model}", columns=[*columns, "of Keras float32"], rows=rows, note=note)


def share_table(model: Path, rates: Rates, peaks: dict[str, dict[str, list[float]]]) -> Table:
    network = arithmetic.read(model)
    amount = arithmetic.multiply_adds(network)
    rows = []
    for precision, shares in _shares(model, rates, peaks).items():
        used = ", ".join(arithmetic.kernels(arithmetic.compiled(network, PRECISIONS[precision]), BATCHES[-1]))
        speed = Spread.of(2 * amount * each / 1e9 for each in rates[f"OpenVINO {precision}"][BATCHES[-1]])
        products = "; ".join(f"{who} {Spread.of(found)}" for who, found in peaks[precision].items())
        rows.append([precision, used, str(speed), products, str(Spread.of(shares))])
    columns = ["arithmetic", "kernels", "network, GFLOP/s", "dense product, GFLOP/s", "share"]
    side = arithmetic.SIDE
    note = f"{amount:,} multiply-adds an image, batches of {BATCHES[-1]}; {side} x {side} matrices; the faster counts."
    return Table(title="Share of the arithmetic peak", columns=columns, rows=rows, note=note)


def _shares(model: Path, rates: Rates, peaks: dict[str, dict[str, list[float]]]) -> dict[str, list[float]]:
    """For each precision, each round's share of the peak of the same round."""
    amount = arithmetic.multiply_adds(arithmetic.read(model))
    return {
        precision: [
            2 * amount * images_s / 1e9 / max(products)
            for images_s, *products in zip(rates[f"OpenVINO {precision}"][BATCHES[-1]], *found.values(), strict=True)
        ]
        for precision, found in peaks.items()
    }


def to_keras(rates: Rates, engine: str, batch: int) -> Spread | None:
    """How many times as fast as Keras in float32, each round for itself; None for an engine that this CPU lacks."""
    ours, keras = rates.get(engine, {}).get(batch, []), rates["Keras float32"][batch]
    return Spread.of(each / other for each, other in zip(ours, keras, strict=False))


def bars_of(rates: Rates, shares: dict[str, list[float]]) -> list[Bar]:
    ratio = to_keras(rates, "OpenVINO bfloat16", BATCHES[-1])
    share = Spread.of(shares.get("bfloat16", []))
    name = f"OpenVINO bfloat16, of Keras's predict_on_batch in float32, batches of {BATCHES[-1]}"
    return [
        Bar(name=name, wanted=2.2, found=ratio.median if ratio else None, unit="x"),
        Bar(name="OpenVINO bfloat16, share of the peak", wanted=0.8, found=share.median if share else None),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
