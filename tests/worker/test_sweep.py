"""Lost messages are found and sent again, and only those."""

import json

import numpy as np
import pytest

from contract.envelope import message_id
from contract.jobs import Job
from contract.message import Message, pack
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


def taken(store: Store) -> dict:
    """The oldest envelope of the queue, as kombu takes it."""
    return json.loads(store.redis.rpop("shapes"))


def waiting(store: Store) -> list[str]:
    """The ids of those that wait, oldest first."""
    return [message_id(json.loads(each)) for each in reversed(store.redis.lrange("shapes", 0, -1))]


def test_what_neither_waits_nor_is_held_is_sent_again_under_a_new_id(store: Store) -> None:
    lost, held, behind = (accepted(store, number) for number in range(3))
    taken(store)
    store.redis.hset("unacked", "tag", json.dumps([taken(store), "", "shapes"]))
    sweep_now(store, ["shapes"], 2.0)
    still, fresh = waiting(store)
    assert still == behind.id
    assert fresh != lost.id
    assert store.message(lost.id) is None
    assert (store.message(fresh).pixels == lost.pixels).all()
    assert set(store.pending("shapes", older_than=-1, count=9)) == {fresh, held.id, behind.id}


def test_what_was_answered_is_not_sent(store: Store) -> None:
    message = accepted(store, 1)
    taken(store)
    store.finish("shapes", "v", [(message.parts[0].job_id, 0, 1, ())], message)
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == []
    assert store.message(message.id) is None


def test_what_was_answered_in_the_meantime_is_not_sent(store: Store) -> None:
    message = accepted(store, 1)
    taken(store)
    store.finish("shapes", "v", [(message.parts[0].job_id, 0, 1, ())], message)
    assert store.renew("shapes", message.id) is None
    assert waiting(store) == []


def test_order_and_clocks_do_not_matter(store: Store) -> None:
    sent = [accepted(store, number).id for number in (5, 1, 9, 2)]
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == sent


def test_a_long_queue_is_not_searched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "WINDOW", 2)
    sent = [accepted(store, number).id for number in range(4)]
    taken(store)
    sweep_now(store, ["shapes"], 2.0)
    assert waiting(store) == sent[1:]


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
