"""One server: a kept-alive connection for each thread, JSON out of every answer."""

import http.client
import json
import selectors
import threading
from collections.abc import Mapping
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from client.problems import Unreachable, problem
from contract.errors import BadSetting, KerasqError


class Server:
    """An address such as http://localhost:5000, or one below a path. Raises BadSetting for what is none, or no key."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        self.url, self._timeout = url.rstrip("/"), timeout
        try:
            parts = urlsplit(self.url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            raise BadSetting(f"{url!r} is not an address such as http://localhost:5000") from None
        if parts.scheme not in ("http", "https") or not self._host:
            raise BadSetting(f"{url!r} is not an address such as http://localhost:5000")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise BadSetting("the API key holds what no key has: a line's end, or letters beyond ASCII")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._path = parts.path
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._mine = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        wait: float,
    ) -> Any:
        """The answer's JSON, None where it is empty; it may come `wait` seconds later than others.

        Raises Unreachable, or the error that the server answered.
        """
        status, reason, fields, content = self._exchange(method, path, body, headers or {}, self._timeout + wait)
        if not 200 <= status < 300:
            raise problem(self.url, status, reason, fields, content)
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise KerasqError(f"{self.url} answered no JSON to {method} {path}; is it kerasq?") from None

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        if connection := getattr(self._mine, "connection", None):
            connection.close()
            self._mine.connection = None  # it would still send what it holds of a request that it could not take

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, str, Message, bytes]:
        connection = self._connection(timeout)
        try:
            connection.request(method, self._path + path, body, {**self._headers, **headers})
            response = connection.getresponse()
            return response.status, response.reason, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(f"{self.url} does not answer: {error or type(error).__name__}") from error
        except BaseException:  # such as Ctrl-C: the answer is still to come, and must not be taken for another's
            self.close()
            raise

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._kind(self._host, self._port)
        if _hung_up(connection):
            connection.close()
        connection.timeout = timeout
        if connection.sock:
            connection.sock.settimeout(timeout)
        return connection


def _hung_up(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed an idle connection: then there is something to read on it, its end."""
    if connection.sock is None:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))
