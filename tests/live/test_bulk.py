"""A worker busy with bulk has a thread for who asks over HTTP."""

import json
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
from tests.stack import Stack, running, until
from worker.order import KEPT_FREE

pytestmark = pytest.mark.live
MESSAGES = 40
QUEUE = "cifar10.bulk"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running(tmp_path, workers=0) as stack:
        yield stack


@pytest.fixture
def store(stack: Stack) -> Store:
    settings = Settings(redis_url=stack.redis_url)
    return Store(connect(settings), settings)


def queued(store: Store) -> Job:
    job = Job(model="cifar10", images=256, bulk=True)
    store.create([job], pack([(job, np.zeros((256, 32, 32, 3), np.uint8))]))
    return job


def test_bulk_never_takes_all_threads_of_a_worker(stack: Stack, store: Store) -> None:
    last = [queued(store) for _ in range(MESSAGES)][-1]
    stack.start_worker(wait=False)
    held, end = {0}, time.monotonic() + 60
    while store.get(last.id).finished_at is None and time.monotonic() < end:
        held |= {store.redis.zcard(held_key(QUEUE)) for _ in range(10)}
    assert store.get(last.id).finished_at
    assert 0 < max(held) <= Settings().worker_threads - KEPT_FREE


def test_what_is_no_task_takes_no_thread(stack: Stack, store: Store) -> None:
    job = queued(store)
    foreign = json.loads(store.redis.lindex(QUEUE, 0))
    for number in range(Settings().worker_threads):
        foreign["headers"] |= {"id": f"foreign-{number}", "task": "somebody.elses"}
        store.redis.rpush(QUEUE, json.dumps(foreign))
    stack.start_worker(wait=False)
    until(lambda: store.get(job.id).finished_at, "the job is answered")
