from types import SimpleNamespace

import pytest
from kombu.transport import redis as kombu_redis

from contract.settings import Settings
from worker import consumer, ending
from worker.celery_app import make_app
from worker.order import Hands
from worker.transport import transport


def test_a_worker_whose_engine_hangs_ends(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    ended: list[int] = []
    monkeypatch.setattr(ending.os, "_exit", ended.append)
    served = {
        name: SimpleNamespace(batcher=SimpleNamespace(running_for=ran)) for name, ran in (("a", 0.0), ("b", 59.0))
    }
    consumer.end_if_stuck(served, 60.0)
    assert ended == []
    served["b"].batcher.running_for = 61.0
    consumer.end_if_stuck(served, 60.0)
    assert ended == [1]
    assert caplog.messages == ["the engine has not answered for 61 s; this worker ends"]


@pytest.mark.parametrize(("running_for", "ends"), [(0.0, True), (3.0, False)])
def test_a_worker_that_is_to_stop_waits_only_for_its_engine(
    monkeypatch: pytest.MonkeyPatch, running_for: float, ends: bool
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(ending.os, "_exit", ended.append)
    clock = iter(range(1000))
    looks = iter(range(8))

    def sleep(_: float) -> None:
        if next(looks, None) is None:
            raise SystemExit

    monkeypatch.setattr(consumer, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: next(clock) * 2.0))
    served = {"a": SimpleNamespace(batcher=SimpleNamespace(running_for=running_for))}
    with pytest.raises(SystemExit):
        consumer.watch(served, 60.0)
    assert ended == []  # nobody told it to
    looks = iter(range(8))
    monkeypatch.setattr(ending.state, "should_stop", 0)
    with pytest.raises(SystemExit):
        consumer.watch(served, 60.0)
    assert bool(ended) is ends


def test_what_a_thread_holds_is_not_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    restored: list[str] = []
    monkeypatch.setattr(kombu_redis.Channel, "_restore", lambda self, message, leftmost: restored.append(message))
    hands = Hands(8)
    channel = object.__new__(transport(hands).Channel)
    held, waiting = (SimpleNamespace(headers={"id": name}) for name in ("held", "waiting"))
    with hands.holding("shapes", "held"):
        channel._restore(held)
        channel._restore(waiting)
    assert restored == [waiting]
    channel._restore(held)
    assert restored == [waiting, held]


def test_what_is_put_back_is_expected_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kombu_redis.Channel, "_restore", lambda self, message, leftmost: None)
    hands = Hands(1)
    channel = object.__new__(transport(hands).Channel)
    hands.expect("shapes.bulk", "one")
    assert not hands.room
    channel._restore(SimpleNamespace(headers={"id": "one"}))
    assert hands.room


def test_a_redis_that_is_away_is_looked_for_every_five_seconds_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    pauses: list[float] = []

    def failed(error: Exception, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 8:
            raise SystemExit

    app = make_app(Settings(redis_url="redis://127.0.0.1:1/0"), Hands(8))
    with pytest.raises(SystemExit):
        app.connection_for_read().ensure_connection(failed, None)
    assert pauses == [1, 2, 3, 4, 5, 5, 5, 5]


def test_the_watchdog_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []

    def look(served: object, limit: float) -> None:
        looked.append(limit)
        if len(looked) == 3:
            raise SystemExit

    monkeypatch.setattr(consumer.time, "sleep", lambda _: None)
    monkeypatch.setattr(consumer, "end_if_stuck", look)
    with pytest.raises(SystemExit):
        consumer.watch({}, 60.0)
    assert looked == [60.0] * 3
