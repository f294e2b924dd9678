import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import fakeredis
import numpy as np
import pytest

from contract.envelope import message_id
from contract.errors import QueueFull, QueueUnavailable, TooLarge
from contract.jobs import Job, Status
from contract.settings import Settings
from contract.store import Store
from contract.submit import Submitter


def sent(store: Store, queue: str = "shapes") -> list[str]:
    """The ids of the messages in a queue, oldest first."""
    return [message_id(json.loads(each)) for each in reversed(store.redis.lrange(queue, 0, -1))]


def image(count: int = 1) -> np.ndarray:
    return np.zeros((count, 8, 8, 3), np.uint8)


def test_a_submit_returns_when_the_job_is_on_the_queue(store: Store) -> None:
    job = Job(model="shapes", images=1)
    Submitter(store).submit(job, image())
    (only,) = sent(store)
    assert store.get(job.id).status is Status.QUEUED
    message, _ = store.take("shapes", only)
    assert (message.queue, message.model, [part.job_id for part in message.parts]) == ("shapes", "shapes", [job.id])
    assert (message.pixels == image()).all()


def test_submits_that_come_during_a_commit_form_the_next_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    go, create = threading.Event(), store.create
    monkeypatch.setattr(store, "create", lambda *given: go.wait(5) and create(*given))
    submitter = Submitter(store)
    waiting = [submitter.submit_soon(Job(model="shapes", images=1), image()) for _ in range(20)]
    go.set()
    for committed in waiting:
        committed.result(5)
    assert len(sent(store)) <= 3
    assert sum(len(store.take("shapes", each)[1]) for each in sent(store)) == 20


def begin(submitter: Submitter, count: int) -> "list[Future[None]]":
    return [submitter.submit_soon(Job(model="shapes", images=1), image()) for _ in range(count)]


@pytest.fixture
def held(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[Submitter, int], None]:
    """Commits one submit, then `count` that came meanwhile."""

    def submit(submitter: Submitter, count: int) -> None:
        begun, go, create = threading.Event(), threading.Event(), store.create
        monkeypatch.setattr(store, "create", lambda *given: begun.set() or (go.wait(5) and create(*given)))
        waiting = begin(submitter, 1)
        assert begun.wait(5)
        waiting += begin(submitter, count)
        go.set()
        for committed in waiting:
            committed.result(5)

    return submit


@pytest.mark.parametrize(("clients", "expected"), [(3, [1, 1, 1, 1]), (4, [1, 2, 1]), (9, [1, 3])])
def test_a_group_gathers_half_of_the_clients_that_wait_from_four_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, clients: int, expected: list[int]
) -> None:
    monkeypatch.setattr("contract.submit.GAP", 60.0)
    monkeypatch.setattr("contract.submit.GATHER", 0.5)
    submitter = Submitter(store, lambda: clients)
    submitter.submit(Job(model="shapes", images=1), image())  # how many wait is known from here on
    waiting = []
    for _ in range(3):
        waiting += begin(submitter, 1)
        time.sleep(0.05)
    for committed in waiting:
        committed.result(5)
    assert [len(store.take("shapes", each)[1]) for each in sent(store)] == expected


def test_of_two_groups_that_take_turns_the_clients_of_both_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract.submit.GAP", 60.0)
    monkeypatch.setattr("contract.submit.GATHER", 0.5)
    seen = iter([8, 0, 0, 0])
    submitter = Submitter(store, lambda: next(seen))
    submitter.submit(Job(model="shapes", images=1), image())
    submitter.submit(Job(model="shapes", images=1), image())  # waits for three more, in vain
    for committed in begin(submitter, 4):
        committed.result(5)
    assert [len(store.take("shapes", each)[1]) for each in sent(store)] == [1, 1, 4]


def test_what_gathers_goes_when_no_more_come(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract.submit.GATHER", 60.0)
    submitter = Submitter(store, lambda: 64)
    for _ in range(3):
        submitter.submit_soon(Job(model="shapes", images=1), image()).result(5)
    assert len(sent(store)) == 3


def test_a_crowd_goes_in_parts_so_that_its_first_half_is_answered_while_the_second_comes(store: Store, held) -> None:
    held(Submitter(store), 64)
    assert [len(store.take("shapes", each)[1]) for each in sent(store)] == [1, 32, 32]


def test_a_lone_submit_waits_for_nobody(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contract.submit.GAP", 60.0)
    monkeypatch.setattr("contract.submit.GATHER", 60.0)
    submitter = Submitter(store)
    for _ in range(3):
        submitter.submit_soon(Job(model="shapes", images=1), image()).result(5)
    assert len(sent(store)) == 3


def test_models_and_bulk_travel_apart(store: Store) -> None:
    submitter = Submitter(store)
    jobs = [Job(model=model, images=1, bulk=bulk) for model in ("shapes", "forms") for bulk in (False, True)]
    for committed in [submitter.submit_soon(job, image()) for job in jobs]:
        committed.result(5)
    assert [len(sent(store, queue)) for queue in ("forms", "forms.bulk", "shapes", "shapes.bulk")] == [1, 1, 1, 1]


def test_a_full_queue_is_told_to_whoever_submits_and_nothing_is_kept() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=1))
    submitter = Submitter(store)
    submitter.submit(Job(model="shapes", images=1), image())
    with pytest.raises(QueueFull):
        submitter.submit(Job(model="shapes", images=1), image())
    assert len(sent(store)) == len(store.pending("shapes", older_than=-1, count=9)) == 1


def test_one_that_is_too_large_takes_none_of_its_group_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(max_queued=5))
    go, create = threading.Event(), store.create
    monkeypatch.setattr(store, "create", lambda *given: go.wait(5) and create(*given))
    submitter = Submitter(store)
    jobs = [Job(model="shapes", images=images) for images in (1, 9, 2)]
    waiting = [submitter.submit_soon(job, np.zeros((job.images, 8, 8, 3), np.uint8)) for job in jobs]
    go.set()
    assert [type(each.exception(5)) for each in waiting] == [type(None), TooLarge, type(None)]
    assert store.flow("shapes") == (3, 0)


def test_a_job_that_comes_twice_in_a_group_is_queued_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    go, create = threading.Event(), store.create
    monkeypatch.setattr(store, "create", lambda *given: go.wait(5) and create(*given))
    submitter = Submitter(store)
    first, one = Job(model="shapes", images=1), Job(model="shapes", images=1)
    waiting = [submitter.submit_soon(job, image()) for job in (first, one, one)]
    go.set()
    assert [each.exception(5) for each in waiting] == [None] * 3
    assert store.flow("shapes") == (2, 0)


def test_a_redis_that_goes_away_is_told_and_the_writer_lives_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    submitter = Submitter(store)
    with monkeypatch.context() as away:
        away.setattr(store, "create", lambda *_: (_ for _ in ()).throw(QueueUnavailable("away")))
        with pytest.raises(QueueUnavailable):
            submitter.submit(Job(model="shapes", images=1), image())
    submitter.submit(Job(model="shapes", images=1), image())
    assert len(sent(store)) == 1
