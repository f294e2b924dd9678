"""kerasq as a server to measure: `kerasq up` with two models, in the arithmetic of its peers or in its own."""

from dataclasses import replace
from pathlib import Path

from bench import arithmetic
from bench.peer import Peer
from cli.address import read_settings

#: The two networks of the original.
MODELS = ("cifar10", "cifar100")
#: What OpenVINO computes in by itself, and so all peers.
PRECISION = "bfloat16" if arithmetic.can("BF16") else "float32"
#: Append-only file, one worker, loopback and no rate limit are defaults; the engine is named in case there is a GPU.
#: Where there is bfloat16, close calls are run in float32 as well, which no peer does.
AS_INSTALLED = Peer(
    name="kerasq, wait, as installed",
    folder=None,
    command=("{python}", "-P", "-m", "cli.main", "up", "--port", "{port}", "--models", ",".join(MODELS)),
    environment={"KERASQ_STATE_DIR": "{work}", "KERASQ_ENGINE": "openvino", "PYTHONPATH": "{root}"},
    path="/cifar10",
    headers={"Content-Type": "image/png", "Prefer": "wait=30"},
    durable=True,
)
_WAIT = replace(
    AS_INSTALLED, name="kerasq, wait", environment={**AS_INSTALLED.environment, "KERASQ_PRECISION": PRECISION}
)
_POLL = replace(_WAIT, name="kerasq, poll", headers={"Content-Type": "image/png"}, poll="/jobs/{id}")

KERASQ: dict[str, Peer] = {"kerasq-wait": _WAIT, "kerasq-poll": _POLL, "kerasq-as-installed": AS_INSTALLED}


def in_tree(tree: Path) -> Peer:
    """The kerasq that lies in `tree`, a checkout."""
    return replace(_WAIT, environment={**_WAIT.environment, "PYTHONPATH": str(tree)})


def redis_url(work: Path) -> str:
    """Where the Redis of a kerasq is that runs in `work`."""
    return read_settings({"KERASQ_STATE_DIR": str(work)}).redis_url
