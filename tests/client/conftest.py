"""The API on fakeredis behind a real socket, and a server that answers by a script."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wsgi import LimitedStream

from client import Client
from tests.api.conftest import Api, api, make_api

__all__ = ["api", "make_api"]
JOB = {
    "id": "1",
    "status": "queued",
    "model": "shapes",
    "version": None,
    "images": 1,
    "done": 0,
    "position": 1,
    "submitted_at": "2026-01-02T03:04:05.678Z",
    "started_at": None,
    "finished_at": None,
    "links": {},
}


@contextmanager
def serving(app: Any) -> Iterator[str]:
    def whole(environ: dict, start: Any) -> Any:
        """As under gunicorn, a body ends where its length says."""
        environ["wsgi.input"] = LimitedStream(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0))
        return app(environ, start)

    server = make_server("127.0.0.1", 0, whole, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    with serving(api.client.application) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, timeout=5, patience=0) as client:
        yield client


class Script(BaseHTTPRequestHandler):
    """Plays the server's answers, each (status, headers, body), or None to hang up without one; then 202 and a job."""

    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_POST(self) -> None:
        server = self.server
        server.asked.append((self.path, dict(self.headers), self.client_address))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        turn = server.turns.pop(0) if server.turns else (202, {}, JOB)
        if turn is None:
            self.close_connection = True
            return
        status, headers, body = turn
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        if server.hangs_up:
            self.close_connection = True

    do_GET = do_DELETE = do_POST

    def log_message(self, *given: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def script() -> Iterator[Callable[..., ThreadingHTTPServer]]:
    """Starts a server with turns; `asked` has what came, `url` is where it is."""
    servers = []

    def start(*turns: object, hangs_up: bool = False) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Script)
        server.turns, server.asked, server.hangs_up = list(turns), [], hangs_up
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
