"""The ways from a folder of images to a file of NDJSON: kerasq's command line, and what does the same without it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import environments
from bench.environments import PEERS
from bench.rates import ENVIRONMENT as TENSORFLOW
from contract.settings import ROOT

MODEL = "cifar10"
#: Ray tells nobody of its use, and takes the loopback address for its own, so that nothing listens beyond it.
ALONE = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


@dataclass(frozen=True, kw_only=True)
class Way:
    """`kerasq classify`, or the script of `bench/peers/<folder>`, which prints its seconds without its start."""

    name: str
    #: None for kerasq.
    folder: str | None
    #: Set beside the environment of the bench.
    environment: Mapping[str, str] = field(default_factory=dict, compare=False)

    def command(self, images: Path, output: Path) -> list[str]:
        if self.folder is None:
            words = ["-m", "cli.main", "classify", str(images), "--model", MODEL, "-o", str(output), "--no-resume"]
            return [sys.executable, "-P", *words]
        script = PEERS / self.folder / "classify.py"
        return [str(environments.python(self.folder)), *map(str, (script, images, ROOT / "models" / MODEL, output))]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one way took. `whole_s` is the command from its start to its end; `seconds` leaves out a peer's start."""

    whole_s: float
    seconds: float
    #: The first label by file name.
    labels: Mapping[str, str]


KERASQ = Way(name="kerasq classify", folder=None)
AS_INSTALLED = Way(name="kerasq classify, as installed", folder=None)
BARE = Way(name="bare loop, OpenVINO", folder="bulk-bare")
KERAS = Way(name="bare Keras predict", folder="bulk-keras", environment=TENSORFLOW)
CELERY = Way(name="Celery group, a task an image", folder="bulk-celery")
RAY = Way(name="Ray Data", folder="bulk-ray", environment=ALONE)
RESIZE = Way(name="bare loop, resize", folder="bulk-resize")


def run(way: Way, images: Path, output: Path, extra: Mapping[str, str]) -> Run:
    """Start a way, wait for its end, read what it wrote. Raises CalledProcessError with its last words on stderr."""
    paths = [str(PEERS), str(ROOT)] if way.folder else [str(ROOT)]
    environ = {**os.environ, **way.environment, **extra, "PYTHONPATH": os.pathsep.join(paths)}
    command = way.command(images, output)
    began = time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    whole = time.perf_counter() - began
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()
    seconds = float(done.stdout.split()[-1]) if way.folder else whole
    return Run(whole_s=whole, seconds=seconds, labels=labels(output))


def labels(output: Path) -> dict[str, str]:
    """The first label of each file of an NDJSON, by the file's name. Raises KeyError for a file that failed."""
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    return {Path(line["file"]).name: line["predictions"][0]["label"] for line in lines}
