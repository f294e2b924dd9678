from types import SimpleNamespace

import pytest

from worker import consumer, ending


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
