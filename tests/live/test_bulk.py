"""A worker busy with bulk has a thread for who asks over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.connection import connect
from contract.jobs import Job
from contract.message import pack
from contract.settings import Settings
from contract.store import Store, held_key
from tests.stack import Stack, running
from worker.order import KEPT_FREE

pytestmark = pytest.mark.live
MESSAGES = 40
QUEUE = "cifar10.bulk"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running(tmp_path, workers=0) as stack:
        yield stack


def test_bulk_never_takes_all_threads_of_a_worker(stack: Stack) -> None:
    settings = Settings(redis_url=stack.redis_url)
    store = Store(connect(settings), settings)
    jobs = [Job(model="cifar10", images=256, bulk=True) for _ in range(MESSAGES)]
    for job in jobs:
        store.create([job], pack([(job, np.zeros((256, 32, 32, 3), np.uint8))]))
    stack.start_worker(wait=False)
    held, end = {0}, time.monotonic() + 60
    while store.get(jobs[-1].id).finished_at is None and time.monotonic() < end:
        held |= {store.redis.zcard(held_key(QUEUE)) for _ in range(10)}
    assert store.get(jobs[-1].id).finished_at
    assert 0 < max(held) <= settings.worker_threads - KEPT_FREE
