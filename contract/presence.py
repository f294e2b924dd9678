"""Which workers consume, as they say themselves every few seconds."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgpack

from contract.store import PREFIX, reaching_redis

#: A worker speaks this often, in seconds, and counts as gone after three times as long.
INTERVAL = 2.0
_WORKERS = PREFIX + "workers"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A worker that consumes. `models` maps each model to its weights' sha256."""

    worker: str
    models: Mapping[str, str]
    engine: str
    started_at: float
    images: int = 0


def worker_name(pid: int) -> str:
    """Of the worker with this process id on this machine."""
    return f"{socket.gethostname()}:{pid}"


def this_worker() -> str:
    return worker_name(os.getpid())


def announce(client: Any, presence: Presence) -> None:
    value = msgpack.packb(asdict(presence))
    client.pipeline().set(_key(presence.worker), value, px=int(INTERVAL * 3000)).sadd(
        _WORKERS, presence.worker
    ).execute()


def withdraw(client: Any, worker: str) -> None:
    client.pipeline().delete(_key(worker)).srem(_WORKERS, worker).execute()


def present(client: Any) -> list[Presence]:
    """The workers that consume now. Raises QueueUnavailable when Redis does not answer."""
    with reaching_redis():
        names = sorted(each.decode() for each in client.smembers(_WORKERS))
        values = client.mget([_key(name) for name in names]) if names else []
        if gone := [name for name, value in zip(names, values, strict=True) if not value]:
            client.srem(_WORKERS, *gone)
    return [Presence(**msgpack.unpackb(value)) for value in values if value]


def _key(worker: str) -> str:
    return f"{PREFIX}worker:{worker}"
