import threading

import fakeredis
import numpy as np
import pytest

from contract import submit
from contract.errors import QueueFull, QueueUnavailable
from contract.jobs import Job, Status
from contract.settings import Settings
from contract.store import Store


class Wire:
    """Stands where the queue is: keeps what was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.open = threading.Event()
        self.open.set()
        self.fails = False

    def send(self, app: object, queue: str, message_id: str) -> None:
        self.open.wait(5)
        if self.fails:
            raise QueueUnavailable("no wire")
        self.sent.append((queue, message_id))


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(submit, "send", wire.send)
    return wire


def image(count: int = 1) -> np.ndarray:
    return np.zeros((count, 8, 8, 3), np.uint8)


def test_a_submit_returns_when_the_job_is_on_the_queue(store: Store, wire: Wire) -> None:
    job = Job(model="shapes", images=1)
    submit.Submitter(store, None).submit(job, image())
    ((queue, message_id),) = wire.sent
    message = store.message(message_id)
    assert (queue, message.model, [part.job_id for part in message.parts]) == ("shapes", "shapes", [job.id])
    assert (message.pixels == image()).all()
    assert store.get(job.id).status is Status.QUEUED


def test_submits_that_come_during_a_commit_form_the_next_one(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    wire.open.clear()
    waiting = [submitter.submit_soon(Job(model="shapes", images=1), image()) for _ in range(20)]
    wire.open.set()
    for committed in waiting:
        committed.result(5)
    assert len(wire.sent) <= 3
    assert sum(len(store.message(message_id).parts) for _, message_id in wire.sent) == 20


def test_models_and_bulk_travel_apart(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    jobs = [Job(model=model, images=1, bulk=bulk) for model in ("shapes", "forms") for bulk in (False, True)]
    for committed in [submitter.submit_soon(job, image()) for job in jobs]:
        committed.result(5)
    assert sorted(queue for queue, _ in wire.sent) == ["forms", "forms.bulk", "shapes", "shapes.bulk"]


def test_what_is_accepted_but_not_sent_stays_accepted(store: Store, wire: Wire) -> None:
    submitter = submit.Submitter(store, None)
    job = Job(model="shapes", images=1)
    wire.fails = True
    submitter.submit(job, image())
    assert store.get(job.id).status is Status.QUEUED
    (message_id,) = store.pending("shapes", older_than=-1, count=9)
    assert store.message(message_id).parts[0].job_id == job.id


def test_a_full_queue_is_told_to_whoever_submits_and_nothing_is_kept(wire: Wire) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=1))
    submitter = submit.Submitter(store, None)
    submitter.submit(Job(model="shapes", images=1), image())
    with pytest.raises(QueueFull):
        submitter.submit(Job(model="shapes", images=1), image())
    assert len(wire.sent) == len(store.pending("shapes", older_than=-1, count=9)) == 1


def test_a_redis_that_goes_away_is_told_and_the_writer_lives_on(
    store: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitter = submit.Submitter(store, None)
    with monkeypatch.context() as away:
        away.setattr(store, "create", lambda *_: (_ for _ in ()).throw(QueueUnavailable("away")))
        with pytest.raises(QueueUnavailable):
            submitter.submit(Job(model="shapes", images=1), image())
    submitter.submit(Job(model="shapes", images=1), image())
    assert len(wire.sent) == 1
