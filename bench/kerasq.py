"""kerasq as a server to measure: `kerasq up` as somebody finds it who has just installed it, with two models."""

from dataclasses import replace
from pathlib import Path

from bench.peer import Peer
from cli.address import read_settings

#: The two networks of the original.
MODELS = ("cifar10", "cifar100")
#: Append-only file, one worker, loopback and no rate limit are defaults; the engine is named in case there is a GPU.
_WAIT = Peer(
    name="kerasq, wait",
    folder=None,
    command=("{python}", "-P", "-m", "cli.main", "up", "--port", "{port}", "--models", ",".join(MODELS)),
    environment={"KERASQ_STATE_DIR": "{work}", "KERASQ_ENGINE": "openvino", "PYTHONPATH": "{root}"},
    path="/cifar10",
    headers={"Content-Type": "image/png", "Prefer": "wait=30"},
    durable=True,
)
_POLL = replace(_WAIT, name="kerasq, poll", headers={"Content-Type": "image/png"}, poll="/jobs/{id}")

KERASQ: dict[str, Peer] = {"kerasq-wait": _WAIT, "kerasq-poll": _POLL}


def in_tree(tree: Path) -> Peer:
    """The kerasq that lies in `tree`, a checkout."""
    return replace(_WAIT, environment={**_WAIT.environment, "PYTHONPATH": str(tree)})


def redis_url(work: Path) -> str:
    """Where the Redis of a kerasq is that runs in `work`."""
    return read_settings({"KERASQ_STATE_DIR": str(work)}).redis_url
