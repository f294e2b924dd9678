"""A gevent worker that stops soon: it waits for requests, but for nobody who asks nothing or only waits himself."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gevent import monkey
from gevent.local import local
from gunicorn.workers.ggevent import GeventWorker

#: Seconds that clients who are held for a job have to get its end, once the worker was told to stop.
HELD = 5.0


class StoppingWorker(GeventWorker):
    """gunicorn waits for every open connection, also for those that are kept alive and idle (its `keepalive`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mine, self._idle = local(), set[socket.socket]()
        self._stopping_since: float | None = None

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        self._mine.client = client
        super().handle(listener, client, addr)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for a connection's next request."""
        client = self._mine.client
        self._idle.add(client)
        try:
            with super().timeout_ctx():
                yield
        finally:
            self._idle.discard(client)

    def notify(self) -> None:
        """Called every second, also while the worker stops."""
        super().notify()
        if self.alive:
            return
        self._stopping_since = self._stopping_since or time.monotonic()
        for client in self._idle:
            _no_more(client)
        if time.monotonic() - self._stopping_since > HELD:
            self.wsgi.extensions["kerasq"].notices.release()


def _no_more(client: socket.socket) -> None:
    """End what can be read from a connection; a request that has arrived still can, and is answered."""
    # The system's socket: gevent's would raise in the greenlet that reads.
    kind = monkey.get_original("socket", "socket")
    with suppress(OSError), kind(fileno=os.dup(client.fileno())) as same:
        same.shutdown(socket.SHUT_RD)
