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

#: Seconds that a client may send nothing of the body that it announced, and that one write of its answer may take.
SILENCE = 60.0
#: Seconds without a request after which a connection counts as idle once the worker was told to stop.
IDLE = 1.0
#: Seconds that clients who are held for a job have to get its end, once the worker was told to stop.
HELD = 5.0


class StoppingWorker(GeventWorker):
    """gunicorn waits for every open connection, also for those that are kept alive and idle (its `keepalive`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mine, self._idle_since = local(), dict[socket.socket, float]()
        self._stopping_since: float | None = None

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        self._mine.client = client
        super().handle(listener, client, addr)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for a connection's next request."""
        client = self._mine.client
        self._idle_since[client] = time.monotonic()
        try:
            with super().timeout_ctx():
                yield
        finally:
            del self._idle_since[client]

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> Any:
        sock.settimeout(SILENCE)
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except TimeoutError:
            raise StopIteration from None  # which gunicorn takes as the connection's end, without a word in the log
        finally:
            sock.settimeout(None)

    def notify(self) -> None:
        """Called every second, also while the worker stops."""
        super().notify()
        if self.alive:
            return
        now = time.monotonic()
        self._stopping_since = self._stopping_since or now
        for client in [each for each, since in self._idle_since.items() if now - since > IDLE]:
            _no_more(client)
        if now - self._stopping_since > HELD:
            self.wsgi.extensions["kerasq"].notices.release()


def _no_more(client: socket.socket) -> None:
    """End what can be read from a connection, unless a request, or the beginning of one, waits there to be read."""
    # The system's socket: gevent's would raise in the greenlet that reads.
    kind = monkey.get_original("socket", "socket")
    with suppress(OSError), kind(fileno=os.dup(client.fileno())) as same:
        with suppress(BlockingIOError):
            if same.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return
        same.shutdown(socket.SHUT_RD)
