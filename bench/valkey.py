"""A server for Redis as `kerasq up` runs it, append-only file and all, for measurements that need nothing else."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.embedded import answers, command, free_port, url

#: Seconds that it has to answer.
START = 10.0


@contextmanager
def running() -> Iterator[str]:
    """Its URL. The server ends, and its data is gone, with the block."""
    with tempfile.TemporaryDirectory(prefix="kerasq-bench-") as folder:
        port = free_port()
        server = subprocess.Popen(command(Path(folder), port), stdout=subprocess.DEVNULL)
        try:
            _wait(url(port))
            yield url(port)
        finally:
            server.terminate()
            server.wait()


def _wait(address: str) -> None:
    until = time.monotonic() + START
    while not answers(address):
        if time.monotonic() > until:
            raise TimeoutError(f"{address} does not answer within {START:.0f} s")
        time.sleep(0.01)
