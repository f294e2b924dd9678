"""What each change of the serving path was worth: kerasq as it was after it, beside what it was before.

    python -m bench changes

Every state is taken out of the project's own history and started anew in every round, with this environment's packages
and the models of its day, whose networks are the same. Writes bench/results/changes.json.
"""

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import results
from bench.figures import over, processor_ms
from bench.kerasq import in_tree
from bench.pictures import pngs
from bench.results import Table
from bench.servers import PICTURES, measure
from bench.spread import Spread
from contract.settings import ROOT

#: In order: what changed, and the commit after which it had.
CHANGES = {
    "a submit in two steps; Celery publishes, kombu holds": "243548b",
    "one step accepts a job; the jobs of a notice are read at once": "0dc0ba6",
    "engine lanes of one core each; pads of four images": "751fd4d",
    "the hot routes read their parameters in a fifth of the time": "b26690e",
    "pieces of 32 images on each lane": "d03660b",
    "groups gather under load; one client for all acknowledgements": "57f04e2",
    "the store holds messages": "223c4e6",
    "who waits runs the batch": "6d36a32",
    "a group gathers as many as the last one had, a crowd goes in parts": "c3ce84d",
    "lanes are not tied to cores": "9517604",
    "bulk gives way": "2fb7af7",
    "a group is half of the clients that wait": "c74ffb2",
}
NOW = "now"
FEW, SOME, MANY = 1, 16, 64


def main(argv: Sequence[str]) -> None:
    options = _options(argv)
    images = pngs(PICTURES)
    with tempfile.TemporaryDirectory(prefix="kerasq-changes-") as folder:
        trees = {name: checkout(commit, Path(folder) / commit) for name, commit in CHANGES.items()} | {NOW: ROOT}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in trees}
        for number in range(1, options.rounds + 1):
            for name, tree in trees.items():
                print(f"round {number} of {options.rounds}, {name}", flush=True)
                found[name].append(measure(in_tree(tree), images, options))
    whole = table(found)
    results.write("changes", [whole], changes=found, commits=CHANGES)
    print(whole.text())


def checkout(commit: str, folder: Path) -> Path:
    """The project as it was at `commit`, in the new `folder`. Ends the command where the history does not reach."""
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        raise SystemExit(f"commit {commit} is not here: {packed.stderr.decode().strip()}; a whole clone has it")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def table(found: dict[str, list[dict[str, Any]]]) -> Table:
    columns = ["", "answers/s, 64 clients", "16 clients", "processor a request, ms", "median, 1 client, ms"]
    note = (
        "Each line with all changes above it. Median of the rounds (lowest–highest); gaps below 30 % may be none. One "
        "image a job, `Prefer: wait`; processor time at 64 clients."
    )
    rows = [[name, *(str(each or "–") for each in _figures(rounds))] for name, rounds in found.items()]
    return Table(title="What each change was worth", columns=columns, rows=rows, note=note)


def _figures(rounds: list[dict[str, Any]]) -> list[Spread | None]:
    state = {"rounds": rounds}
    answers = [over(state, "requests_s", clients) for clients in (MANY, SOME)]
    return [*answers, processor_ms(state, MANY), over(state, "median_ms", FEW)]


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench changes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=3.0, help="measured, for each number of clients (%(default)s)")
    parser.add_argument("--warmup", type=float, default=1.0, help="seconds before them (%(default)s)")
    options = parser.parse_args(argv)
    options.concurrency = (FEW, SOME, MANY)
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
