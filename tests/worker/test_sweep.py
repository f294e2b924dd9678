"""Lost messages are found and sent again, and only those."""

import json

import numpy as np
import pytest

from contract.jobs import Job
from contract.message import Message, pack
from contract.store import Store
from worker import sweep
from worker.sweep import sweep as sweep_now


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "GRACE", -1.0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(sweep, "send", lambda app, queue, message_id: sent.append((queue, message_id)))
    return sent


def accepted(store: Store, number: int) -> Message:
    job = Job(model="shapes", images=1)
    (message,) = pack([(job, np.full((1, 8, 8, 3), number, np.uint8))])
    message = Message(**{**vars(message), "id": f"{number:036}"})
    store.create([job], [message])
    return message


def envelope(message: Message) -> str:
    return json.dumps({"body": "", "headers": {"id": message.id}})


def test_what_neither_waits_nor_is_held_is_sent_again_under_a_new_id(store: Store, sent: list[tuple[str, str]]) -> None:
    lost, held, waiting, behind = (accepted(store, number) for number in range(4))
    store.redis.hset("unacked", "tag", json.dumps([json.loads(envelope(held)), "", "shapes"]))
    store.redis.lpush("shapes", envelope(waiting), envelope(behind))
    sweep_now(store, None, ["shapes"], 2.0)
    ((queue, fresh),) = sent
    assert queue == "shapes"
    assert store.message(lost.id) is None
    assert (store.message(fresh).pixels == lost.pixels).all()
    assert set(store.pending("shapes", older_than=-1, count=9)) == {fresh, held.id, waiting.id, behind.id}


def test_what_was_answered_is_not_sent(store: Store, sent: list[tuple[str, str]]) -> None:
    message = accepted(store, 1)
    store.finish("shapes", "v", [(message.parts[0].job_id, 0, 1, ())], message)
    sweep_now(store, None, ["shapes"], 2.0)
    assert sent == []
    assert store.message(message.id) is None


def test_order_and_clocks_do_not_matter(store: Store, sent: list[tuple[str, str]]) -> None:
    waiting = [accepted(store, number) for number in (5, 1, 9, 2)]
    store.redis.lpush("shapes", *(envelope(message) for message in waiting))
    sweep_now(store, None, ["shapes"], 2.0)
    assert sent == []


def test_a_long_queue_is_not_searched(
    store: Store, sent: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contract.queue.WINDOW", 2)
    accepted(store, 0)
    store.redis.lpush("shapes", *(envelope(accepted(store, number)) for number in range(1, 4)))
    sweep_now(store, None, ["shapes"], 2.0)
    assert sent == []


def test_one_worker_sweeps_at_a_time(store: Store, sent: list[tuple[str, str]]) -> None:
    accepted(store, 1)
    sweep_now(store, None, ["shapes"], 60.0)
    accepted(store, 2)
    sweep_now(store, None, ["shapes"], 60.0)
    assert len(sent) == 1


def test_a_worker_of_other_models_does_not_take_the_turn(store: Store, sent: list[tuple[str, str]]) -> None:
    accepted(store, 1)
    sweep_now(store, None, ["forms"], 60.0)
    sweep_now(store, None, ["shapes"], 60.0)
    assert [queue for queue, _ in sent] == ["shapes"]
