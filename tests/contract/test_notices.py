import threading
import time

import numpy as np

from contract.jobs import Job, Prediction, Result, Status
from contract.message import Message, pack
from contract.notices import Notices
from contract.store import Store

DONE = [Result(predictions=(Prediction(label="star", probability=1.0),))]


def created(store: Store, job: Job) -> Message:
    (message,) = pack([(job, np.zeros((1, 8, 8, 3), np.uint8))])
    store.create([job], [message])
    return message


def test_a_waiter_is_woken_by_the_finish(store: Store) -> None:
    notices = Notices(store)
    job = Job(model="shapes", images=1)
    with notices.watch(job.id) as watch:
        message = created(store, job)
        threading.Timer(0.2, lambda: store.finish(message, "v", [DONE])).start()
        record = watch.settled(5)
    assert record.status is Status.SUCCEEDED


def test_clients_that_wait_are_counted_and_onlookers_are_not(store: Store) -> None:
    notices = Notices(store)
    with notices.watch("one"), notices.watch("one"), notices.watch("other"), notices.watch("other", client=False):
        assert notices.clients() == 3
    assert notices.clients() == 0


def test_a_waiter_gives_up_when_its_time_is_over(store: Store) -> None:
    job = Job(model="shapes", images=1)
    created(store, job)
    began = time.monotonic()
    with Notices(store).watch(job.id) as watch:
        assert watch.settled(0.3).status is Status.QUEUED
    assert 0.25 < time.monotonic() - began < 2


def test_a_missed_notice_only_costs_a_second(store: Store) -> None:
    job = Job(model="shapes", images=1)
    message = created(store, job)
    with Notices(store).watch(job.id) as watch:
        store.finish(message, "v", [DONE])
        watch.change(0)
        assert watch.settled(3).status is Status.SUCCEEDED
