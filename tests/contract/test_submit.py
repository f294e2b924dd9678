import threading
from concurrent.futures import Future

import numpy as np
import pytest

from contract import submit
from contract.errors import QueueFull, QueueUnavailable, UnknownJob
from contract.jobs import Job, Status
from contract.message import Message
from contract.settings import Settings
from contract.store import Store


class Wire:
    """Stands where the queue is: keeps what was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[Message, bool]] = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def send(self, app: object, message: Message, *, bulk: bool) -> None:
        self.open.wait(5)
        if self.fails:
            raise QueueUnavailable("no wire")
        self.sent.append((message, bulk))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(submit, "send", wire.send)
    return wire


def image() -> np.ndarray:
    return np.zeros((1, 8, 8, 3), np.uint8)


def test_a_submit_returns_when_the_job_is_on_the_queue(store: Store, wire: Wire) -> None:
    job = Job(model="shapes", images=1)
    submit.Submitter(store, None).submit(job, image())
    assert [part.job_id for part in wire.sent[0][0].parts] == [job.id]
    assert store.get(job.id).status is Status.QUEUED


def test_submits_that_come_during_a_commit_form_the_next_one(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    wire.open.clear()
    waiting = [submitter.submit_soon(Job(model="shapes", images=1), image()) for _ in range(20)]
    wire.open.set()
    for committed in waiting:
        committed.result(5)
    assert len(wire.sent) <= 3
    assert sum(len(message.parts) for message, _ in wire.sent) == 20


def test_models_and_bulk_travel_apart(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    jobs = [Job(model=model, images=1, bulk=bulk) for model in ("shapes", "forms") for bulk in (False, True)]
    for committed in [submitter.submit_soon(job, image()) for job in jobs]:
        committed.result(5)
    assert {(message.model, bulk) for message, bulk in wire.sent} == {(job.model, job.bulk) for job in jobs}


def test_what_cannot_be_sent_is_withdrawn_and_the_writer_lives_on(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    lost, later = Job(model="shapes", images=1), Job(model="shapes", images=1)
    wire.fails = True
    with pytest.raises(QueueUnavailable):
        submitter.submit(lost, image())
    with pytest.raises(UnknownJob):
        store.get(lost.id)
    assert store.flow("shapes") == (1, 1)
    wire.fails = False
    submitter.submit(later, image())
    assert store.get(later.id).status is Status.QUEUED


def test_only_what_was_not_sent_is_withdrawn(store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, unsent = Job(model="shapes", images=200), Job(model="shapes", images=200)
    submitter = submit.Submitter(store, None)

    def send_one(app: object, message: Message, *, bulk: bool) -> None:
        if wire.sent:
            raise QueueUnavailable("no wire")
        wire.send(app, message, bulk=bulk)

    monkeypatch.setattr(submit, "send", send_one)
    pixels = np.zeros((200, 8, 8, 3), np.uint8)
    submitter._commit([(sent, pixels, first := Future()), (unsent, pixels, second := Future())])
    assert first.exception() is None
    assert isinstance(second.exception(), QueueUnavailable)
    assert store.get(sent.id).status is Status.QUEUED
    with pytest.raises(UnknownJob):
        store.get(unsent.id)


def test_a_full_queue_is_told_to_whoever_submits(wire: Wire) -> None:
    import fakeredis

    store = Store(fakeredis.FakeRedis(), Settings(max_queued=1))
    submitter = submit.Submitter(store, None)
    submitter.submit(Job(model="shapes", images=1), image())
    with pytest.raises(QueueFull):
        submitter.submit(Job(model="shapes", images=1), image())
    assert len(wire.sent) == 1
