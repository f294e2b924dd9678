"""Each server with the engine that it answers most with, where `http` has all of them run the same.

    python -m bench best                       # what is installed, three rounds
    python -m bench best --only kerasq-wait,flask-celery

Every server that leaves the choice runs the network in OpenVINO as it is, in OpenVINO with 8-bit weights (the model's
openvino-int8.xml), and in ONNX Runtime, which kerasq has not. Writes bench/results/best.json.
"""

import argparse
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import environments, results
from bench.figures import OURS, over, ratio
from bench.kerasq import KERASQ, PRECISION
from bench.peer import Peer
from bench.peers import PEERS
from bench.pictures import pngs
from bench.rates import ENVIRONMENT, FOLDER
from bench.results import Table
from bench.servers import PICTURES, chosen, measure
from bench.spread import Spread
from contract.settings import ROOT

OPENVINO, INT8, ONNX = "OpenVINO", "OpenVINO, 8-bit weights", "ONNX Runtime"
#: What a server's environment says of its engine: kerasq's (contract/settings.py), and a peer's
#: (bench/peers/classifier.py), with {onnx}, the network as ONNX.
OF_KERASQ = {OPENVINO: {"KERASQ_PRECISION": PRECISION}, INT8: {"KERASQ_PRECISION": "int8"}}
OF_A_PEER = {
    OPENVINO: {"ENGINE": "openvino"},
    INT8: {"ENGINE": "int8"},
    ONNX: {"ENGINE": "onnx", "ONNX_FILE": "{onnx}"},
}
CLIENTS = 64
#: The one computes as another does where there is no bfloat16, the other rests too long for any engine to show.
LEFT_OUT = ("kerasq-as-installed", "polling-250ms")

#: Server -> engine -> rounds, as `measure` has them.
Found = Mapping[str, Mapping[str, list[dict[str, Any]]]]


def main(argv: Sequence[str]) -> None:
    options = _options(argv)
    images = pngs(PICTURES)
    with tempfile.TemporaryDirectory(prefix="kerasq-best-") as folder:
        onnx = Path(folder) / "cifar10.onnx"
        export(onnx)
        peers = {key: variants(peer, onnx) for key, peer in options.peers.items()}
        found: Found = {key: {engine: [] for engine in engines} for key, engines in peers.items()}
        for number in range(1, options.rounds + 1):
            for key, engines in peers.items():
                for engine, peer in engines.items():
                    print(f"round {number} of {options.rounds}, {key}, {engine}", flush=True)
                    found[key][engine].append(measure(peer, images, options))
    whole = table(found, {key: peer.name for key, peer in options.peers.items()})
    results.write("best", [whole], servers=found)
    print(whole.text())


def variants(peer: Peer, onnx: Path) -> dict[str, Peer]:
    """The peer with each engine that it can run, by the engine's name; `onnx` is the network's file."""
    if peer.engine != "same":
        return {peer.engine: peer}
    filled = {
        engine: {name: value.format(onnx=onnx) for name, value in choice.items()}
        for engine, choice in (OF_A_PEER if peer.folder else OF_KERASQ).items()
    }
    return {engine: replace(peer, environment={**peer.environment, **choice}) for engine, choice in filled.items()}


def export(file: Path) -> None:
    """Write the peers' network as Keras exports it to ONNX."""
    command = [environments.python(FOLDER), environments.PEERS / FOLDER / "export.py", ROOT / "models/cifar10", file]
    subprocess.run(command, env={**os.environ, **ENVIRONMENT}, check=True)


def table(found: Found, names: Mapping[str, str]) -> Table:
    """A row for each server, by its name."""
    rates = {key: {engine: _rate(rounds) for engine, rounds in engines.items()} for key, engines in found.items()}
    best = {key: _best(each) for key, each in rates.items()}
    ours = best[OURS][1] if OURS in best else None
    return Table(
        title=f"Answers a second by engine, {CLIENTS} clients",
        columns=["server", OPENVINO, INT8, ONNX, "its best", "with it", "kerasq, wait / it"],
        rows=[
            [
                names[key],
                *(str(each.get(engine) or "–") for engine in (OPENVINO, INT8, ONNX)),
                engine,
                str(rate or "–"),
                ratio(ours, rate),
            ]
            for (key, each), (engine, rate) in zip(rates.items(), best.values(), strict=True)
        ],
        note="Median of the rounds (lowest–highest). The last column is of kerasq at its best and each at its own.",
    )


def _best(rates: Mapping[str, Spread | None]) -> tuple[str, Spread | None]:
    return max(rates.items(), key=lambda each: each[1].median if each[1] else 0)


def _rate(rounds: list[dict[str, Any]]) -> Spread | None:
    return over({"rounds": rounds}, "requests_s", CLIENTS)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    everybody = {key: peer for key, peer in {**KERASQ, **PEERS}.items() if key not in LEFT_OUT}
    parser = argparse.ArgumentParser(
        prog="python -m bench best", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(everybody)}")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="measured (%(default)s)")
    parser.add_argument("--warmup", type=float, default=1.0, help="seconds before them (%(default)s)")
    options = parser.parse_args(argv)
    options.peers = chosen(parser, options.only, everybody)
    needed = {FOLDER, *(peer.folder for peer in options.peers.values() if peer.folder)}
    if missing := [folder for folder in sorted(needed) if not environments.installed(folder)]:
        parser.error(f"{', '.join(missing)}: not installed; `python -m bench install` does it")
    options.concurrency = (CLIENTS,)
    return options
