"""Which workers consume, as they say themselves every few seconds."""

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgpack
import redis

from contract.store import PREFIX, reaching_redis

#: A worker speaks this often, in seconds, and counts as gone after three times as long.
INTERVAL = 2.0
_KEYS = PREFIX + "worker:"


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A worker that consumes. `models` maps each model to its weights' sha256."""

    worker: str
    models: Mapping[str, str]
    engine: str
    started_at: float
    images: int = 0


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def announce(client: redis.Redis, presence: Presence) -> None:
    client.set(_KEYS + presence.worker, msgpack.packb(asdict(presence)), px=int(INTERVAL * 3000))


def withdraw(client: redis.Redis, worker: str) -> None:
    client.delete(_KEYS + worker)


def present(client: redis.Redis) -> list[Presence]:
    """The workers that consume now. Raises QueueUnavailable when Redis does not answer."""
    with reaching_redis():
        keys = sorted(client.scan_iter(match=_KEYS + "*", count=1000))
        values: list[Any] = client.mget(keys) if keys else []
    return [Presence(**msgpack.unpackb(value)) for value in values if value]
