"""Celery's worker of bench/peers/bulk-celery, from its start to its end."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import environments
from bench.environments import PEERS
from bench.processes import Family

FOLDER = "bulk-celery"
#: Seconds until it must be ready.
START = 60.0
READY = "celery@"


@contextmanager
def worker(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """A process for each core, as Celery does by itself. Raises RuntimeError with its last words if it fails."""
    family = Family()
    celery = [str(environments.python(FOLDER)), "-m", "celery", "--app", "tasks", "worker", "--loglevel", "INFO"]
    with log.open("wb") as file:
        started = subprocess.Popen(
            celery,
            cwd=PEERS / FOLDER,
            env={**os.environ, **environment, **family.environment},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + START
        while not any(READY in line and "ready" in line for line in log.read_text().splitlines()):
            if started.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Celery's worker is not ready: {log.read_text()[-1000:]}")
            time.sleep(0.05)
        yield
    finally:
        started.terminate()
        family.kill()
        started.wait()
