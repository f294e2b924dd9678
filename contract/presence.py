"""Which workers consume, as they say themselves every few seconds."""

import os
import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgpack

from contract.connection import reaching_redis
from contract.store import PREFIX

#: A worker speaks this often, in seconds, and counts as gone after three times as long.
INTERVAL = 2.0
_WORKERS = PREFIX + "workers"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A worker that consumes."""

    #: Host and process id.
    worker: str
    #: Each model that it serves, and its weights' sha256.
    models: Mapping[str, str]
    #: "openvino" or "keras", and its arithmetic.
    engine: str
    #: Seconds since the epoch.
    started_at: float
    #: Those that it has answered since.
    images: int = 0

    @property
    def host(self) -> str:
        return self.worker.rpartition(":")[0]


def serving(workers: Iterable[Presence]) -> Counter[str]:
    """How many of them serve each model."""
    return Counter(model for each in workers for model in each.models)


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
