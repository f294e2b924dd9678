"""The memory of a whole kerasq, and how soon a worker answers."""

import tempfile
import time
from pathlib import Path

import numpy as np

from bench import environments, pictures, valkey, worker
from bench.group import Group
from bench.kerasq import AS_INSTALLED, MODELS, redis_url
from contract.card import Cards
from contract.connection import connect
from contract.jobs import CHUNK, Job
from contract.notices import Notices
from contract.settings import ROOT, Settings
from contract.store import Store
from contract.submit import Submitter

#: Seconds that a job may take.
PATIENCE = 120.0


class _Client:
    """Submits jobs to one Redis and waits for them."""

    def __init__(self, redis_url: str) -> None:
        settings = Settings(redis_url=redis_url)
        store = Store(connect(settings), settings)
        self._submitter, self._notices = Submitter(store), Notices(store)

    def submit(self, model: str, images: int) -> str:
        card = Cards(ROOT / "models")[model]
        job = Job(model=model, images=images)
        self._submitter.submit(job, np.zeros((images, *card.input.shape), np.uint8))
        return job.id

    def wait(self, job_id: str) -> None:
        with self._notices.watch(job_id) as watch:
            if not watch.settled(PATIENCE).status.settled:
                raise TimeoutError(f"job {job_id} was not answered in {PATIENCE:.0f} s")


def stack_bytes() -> float:
    """Bytes of `kerasq up` with the original's two models, after each has answered a full batch."""
    with tempfile.TemporaryDirectory(prefix="kerasq-bench-") as folder:
        with Group(AS_INSTALLED, environments.python(None), Path(folder)) as group:
            group.first_answer(pictures.pngs(1)[0])
            client = _Client(redis_url(Path(folder)))
            for model in MODELS:
                client.wait(client.submit(model, CHUNK))
            return group.memory()


def worker_start_s() -> float:
    """Seconds from the start of a worker's process to its answer to a job that waits; it loads both models first."""
    with valkey.running() as url:
        client = _Client(url)
        waits = client.submit(MODELS[0], 1)
        began = time.perf_counter()
        with worker.running(url, list(MODELS)):
            client.wait(waits)
            return time.perf_counter() - began
