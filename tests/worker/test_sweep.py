"""Lost messages are found and sent again, and only those."""

import json
import time

import fakeredis
import numpy as np
import pytest
import redis

from contract.envelope import message_id
from contract.jobs import Job, Result
from contract.message import Message, pack
from contract.settings import Settings
from contract.store import Store
from worker import sweep
from worker.sweep import sweep as sweep_now


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "GRACE", -1.0)


def accepted(store: Store, number: int) -> Message:
    job = Job(model="shapes", images=1)
    (message,) = pack([(job, np.full((1, 8, 8, 3), number, np.uint8))])
    message = Message(**{**vars(message), "id": f"{number:036}"})
    store.create([job], [message])
    return message


def popped(store: Store) -> str:
    """The id in the oldest envelope of the queue, which goes as kombu takes it."""
    return message_id(json.loads(store.redis.rpop("shapes")))


def taken(store: Store) -> Message:
    """The oldest message, as a worker takes it."""
    message, _ = store.take("shapes", popped(store))
    return message


def waiting(store: Store) -> list[str]:
    """The ids of those that wait, oldest first."""
    return [message_id(json.loads(each)) for each in reversed(store.redis.lrange("shapes", 0, -1))]


def test_what_neither_waits_nor_was_taken_is_sent_again_under_a_new_id(store: Store) -> None:
    lost, held, behind = (accepted(store, number) for number in range(3))
    popped(store)
    taken(store)
    sweep_now(store, ["shapes"], 2.0)
    still, fresh = waiting(store)
    assert still == behind.id
    assert fresh != lost.id
    assert store.take("shapes", lost.id) is None
    assert set(store.pending("shapes", older_than=-1, count=9)) == {fresh, behind.id}
    assert (store.take("shapes", fresh)[0].pixels == lost.pixels).all()
    assert store.take("shapes", held.id)[0].id == held.id


def test_what_is_held_for_too_long_is_sent_again_and_finished_once() -> None:
    store = Store(fakeredis.FakeRedis(), Settings(visibility_timeout_s=-1))
    accepted(store, 1)
    held = taken(store)
    sweep_now(store, ["shapes"], 2.0)
    (fresh,) = waiting(store)
    assert fresh != held.id
    store.finish(held, "v", [[Result(error=("Engine error", "no"))]])
    again, wanted = store.take("shapes", fresh)
    assert wanted == [False]
    store.finish(again, "v", [[]])
    assert store.flow("shapes") == (1, 1)
    assert store.abandoned("shapes", count=9) == []


def test_a_message_on_its_way_to_a_worker_is_left_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    message = accepted(store, 1)
    popped(store)
    monkeypatch.setattr(sweep.time, "sleep", lambda _: store.take("shapes", message.id))
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == []


@pytest.mark.parametrize("late", [False, True])
def test_what_was_answered_is_not_sent(store: Store, late: bool) -> None:
    accepted(store, 1)
    message = taken(store)
    store.finish(message, "v", [[Result(error=("Engine error", "no"))]])
    if late:
        assert store.renew("shapes", message.id) is None
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == []
    assert store.take("shapes", message.id) is None
    assert store.pending("shapes", older_than=-1, count=9) == []


def test_order_and_clocks_do_not_matter(store: Store) -> None:
    sent = [accepted(store, number).id for number in (5, 1, 9, 2)]
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == sent


def test_the_oldest_of_a_long_queue_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "WINDOW", 2)
    monkeypatch.setattr(sweep, "MOST", 1)
    sent = [accepted(store, number).id for number in range(5)]
    popped(store)
    sweep_now(store, ["shapes"], 2.0)
    *others, fresh = waiting(store)
    assert others == sent[1:]
    assert store.take("shapes", fresh) is not None


def test_what_a_worker_says_it_has_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(fakeredis.FakeRedis(), Settings(visibility_timeout_s=30))
    accepted(store, 1)
    held, clock = taken(store), time.time()
    monkeypatch.setattr("contract.store.time.time", lambda: clock)
    clock += 29
    store.keep("shapes", [held.id, "unknown"])
    clock += 29
    assert store.abandoned("shapes", count=9) == []
    clock += 2
    assert store.abandoned("shapes", count=9) == [held.id]


def test_a_redis_without_memory_is_swept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise redis.OutOfMemoryError("command not allowed when used memory > 'maxmemory'")

    lose(store, 1)
    monkeypatch.setattr(store.redis, "set", refuse)
    sweep_now(store, ["shapes"], 2.0)
    assert len(waiting(store)) == 1


def lose(store: Store, number: int) -> None:
    accepted(store, number)
    store.redis.delete("shapes")


def test_one_worker_sweeps_at_a_time(store: Store) -> None:
    lose(store, 1)
    sweep_now(store, ["shapes"], 60.0)
    lose(store, 2)
    sweep_now(store, ["shapes"], 60.0)
    assert waiting(store) == []


def test_a_worker_of_other_models_does_not_take_the_turn(store: Store) -> None:
    lose(store, 1)
    sweep_now(store, ["forms"], 60.0)
    sweep_now(store, ["shapes"], 60.0)
    assert len(waiting(store)) == 1
