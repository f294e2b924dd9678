"""A worker of kerasq as a process, from its start to its end."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from contract.settings import ROOT

#: Seconds to finish what it holds, before it is killed.
GRACE = 30.0


@contextmanager
def running(redis_url: str, models: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """OpenVINO on all cores, as `kerasq up` starts one worker; it has just been started when the block begins."""
    command = [sys.executable, "-P", "-m", "worker", "--models", ",".join(models)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "REDIS_URL": redis_url, "KERASQ_ENGINE": "openvino"}
    worker = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(GRACE)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
