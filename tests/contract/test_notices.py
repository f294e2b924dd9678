import threading
import time

import numpy as np
import pytest

from contract import notices as notices_module
from contract.jobs import Job, Prediction, Result, Status
from contract.message import Message, pack
from contract.notices import Notices
from contract.store import Store
from tests.stack import until

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


class Silent:
    """A connection that says nothing any more but takes all that it is told, as one does that a router forgot."""

    def __init__(self) -> None:
        self.asked = 0

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def subscribe(self, channel: str) -> None:
        pass

    def get_message(self, timeout: float) -> None:
        time.sleep(timeout)

    def ping(self) -> None:
        self.asked += 1


def test_a_subscription_that_fell_silent_is_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_module, "SILENCE", 0.05)
    monkeypatch.setattr(notices_module, "LOOK_AGAIN", 60.0)
    silent, pubsub, begun = Silent(), store.redis.pubsub, []

    def subscription(**how: bool) -> object:
        begun.append(how)
        return silent if len(begun) == 1 else pubsub(**how)

    monkeypatch.setattr(store.redis, "pubsub", subscription)
    notices, job = Notices(store), Job(model="shapes", images=1)
    message = created(store, job)
    with notices.watch(job.id) as watch:
        until(lambda: len(begun) == 2, "a second subscription", 5)
        assert silent.asked == 1
        time.sleep(0.5)
        store.finish(message, "v", [DONE])
        assert watch.settled(5).status is Status.SUCCEEDED
    assert len(begun) == 2, "one that answers is kept, however little there is to tell"


def test_a_missed_notice_only_costs_a_second(store: Store) -> None:
    job = Job(model="shapes", images=1)
    message = created(store, job)
    with Notices(store).watch(job.id) as watch:
        store.finish(message, "v", [DONE])
        watch.change(0)
        assert watch.settled(3).status is Status.SUCCEEDED
