"""API keys. Redis holds a SHA-256 of each and nothing that opens anything.

A key is 256 random bits, so one plain hash suffices: there is no dictionary to try (OWASP's Password Storage advice on
slow hashes is for what people make up). The id stands in the key, so that looking it up compares no secret.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field

import msgpack

from contract.connection import reaching_redis
from contract.errors import UnknownApiKey
from contract.store import PREFIX, Store

KEYS = PREFIX + "keys"
#: What every key begins with, so that people and secret scanners know one when they see it.
MARK = "kq"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of an API key; not the key itself."""

    id: str
    name: str
    created_at: float
    digest: bytes = field(repr=False)

    def opens(self, token: str) -> bool:
        """Whether `token` is this key, told in a time that says nothing of where they differ."""
        return hmac.compare_digest(self.digest, _digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def id_in(token: str) -> str:
    """The id that a key carries; empty where it is not of a key's shape."""
    mark, _, rest = token.partition("_")
    return rest.partition("_")[0] if mark == MARK else ""


def add(store: Store, name: str) -> tuple[Key, str]:
    """Make a key; what is known of it, and the key, which can never be read again."""
    key_id = secrets.token_hex(4)
    token = f"{MARK}_{key_id}_{secrets.token_urlsafe(32)}"
    key = Key(id=key_id, name=name, created_at=time.time(), digest=_digest(token))
    with reaching_redis():
        store.redis.hset(KEYS, key_id, msgpack.packb([key.name, key.created_at, key.digest]))
    return key, token


def every(store: Store) -> list[Key]:
    """All keys, oldest first."""
    with reaching_redis():
        rows = store.redis.hgetall(KEYS)
    found = [(key_id.decode(), *msgpack.unpackb(row)) for key_id, row in rows.items()]
    keys = [Key(id=key_id, name=name, created_at=made, digest=digest) for key_id, name, made, digest in found]
    return sorted(keys, key=lambda key: key.created_at)


def revoke(store: Store, key_id: str) -> None:
    """Take a key back. Raises UnknownApiKey."""
    with reaching_redis():
        removed = store.redis.hdel(KEYS, key_id)
    if not removed:
        raise UnknownApiKey(f"no API key has the id {key_id!r}")
