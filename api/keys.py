"""Who may ask: API keys as bearer tokens (RFC 6750)."""

import time

from contract import keys
from contract.errors import Unauthorized
from contract.store import Store

#: A key that was just added or revoked counts after at most so many seconds.
FRESH = 2.0
CHALLENGE = 'Bearer realm="kerasq"'


class Keyring:
    """The keys that open this API, read again when they are no longer fresh."""

    def __init__(self, store: Store, *, required: bool) -> None:
        self._store, self._required = store, required
        self._keys: dict[str, keys.Key] = {}
        self._read_at = float("-inf")

    def owner(self, authorization: str) -> str | None:
        """The id of the key in an Authorization header; None where no key is asked for.

        Raises Unauthorized, or QueueUnavailable when Redis cannot say.
        """
        if time.monotonic() - self._read_at > FRESH:
            self._keys = {key.id: key for key in keys.every(self._store)}
            self._read_at = time.monotonic()
        if not self._keys and not self._required:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("an API key is asked for; send it as `Authorization: Bearer <key>`")
        key = self._keys.get(keys.id_in(token.strip()))
        if key is None or not key.opens(token.strip()):
            raise Unauthorized("the API key is not known here; `kerasq keys list` says which are")
        return key.id
