"""Rules of the worker whose breach no other test would notice."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from contract import presence
from contract.card import Cards
from contract.jobs import Job
from contract.presence import present
from contract.settings import Settings
from tests.worker.test_sweep import sweep_now
from tests.worker.test_task import asked, queued
from worker import consumer
from worker import sweep as sweep_module
from worker.celery_app import make_app, queues
from worker.order import Hands, UrgentFirst


def test_no_bulk_queue_comes_before_another_model_s_urgent_one():
    assert [each.name for each in queues(["a", "b"])] == ["a", "b", "a.bulk", "b.bulk"]


def test_messages_are_acknowledged_late_and_kept_once():
    app = make_app(Settings(), Hands(8))
    assert app.conf.task_acks_late and not app.conf.task_acks_on_failure_or_timeout
    options = app.conf.broker_transport_options
    assert isinstance(options["queue_order_strategy"](), UrgentFirst) and options["ack_emulation"] is False


def test_a_lost_bulk_message_is_sent_again(store, monkeypatch):
    monkeypatch.setattr(sweep_module, "GRACE", -1.0)
    one = Job(model="shapes", images=1, bulk=True)
    queued(store, (one, np.zeros((1, 8, 8, 3), np.uint8)))
    store.redis.delete("shapes.bulk")
    sweep_now(store, ["shapes"], 2.0)
    assert store.redis.llen("shapes.bulk") == 1


def test_what_waits_is_not_sent_again(store, monkeypatch):
    monkeypatch.setattr(sweep_module, "GRACE", -1.0)
    for _ in range(30):
        queued(store, asked(1))
    before = store.redis.lrange("shapes", 0, -1)
    sweep_now(store, ["shapes"], 2.0)
    assert store.redis.lrange("shapes", 0, -1) == before


def test_a_worker_is_watched_speaks_sweeps_and_says_goodbye(monkeypatch, store, settings):
    """consume() starts the watchdog, and its bootstep speaks, sweeps and says goodbye."""
    begun = []
    monkeypatch.setattr(consumer, "watch", lambda served, limit: begun.append(limit))

    class App:
        conf, steps = SimpleNamespace(), {"consumer": set()}

        def task(self, **_: Any) -> Any:
            return lambda function: function

        def Worker(self, **given: Any) -> Any:
            self.given = given
            return SimpleNamespace(start=lambda: None, exitcode=None)

    app = App()
    kept_by: list[Hands] = []
    monkeypatch.setattr(consumer, "make_app", lambda _, hands: kept_by.append(hands) or app)
    batcher = SimpleNamespace(running_for=0.0)
    served = {"shapes": SimpleNamespace(card=Cards(settings.models_dir)["shapes"], batcher=batcher)}
    assert consumer.consume(served, "none", store, settings) == 0
    assert begun == [120.0] and app.given["pool_cls"] == "threads"
    (kind,) = app.steps["consumer"]
    step, swept = object.__new__(kind), []
    monkeypatch.setattr(consumer, "sweep", lambda *given: swept.append(given[1]))
    parent = SimpleNamespace(timer=SimpleNamespace(call_repeatedly=lambda *_: SimpleNamespace(cancel=lambda: None)))
    step.start(parent)
    assert [list(each.models) for each in present(store.redis)] == [["shapes"]] and len(swept) == 1
    (hands,) = kept_by
    said: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(store, "keep", lambda *given: said.append(given))
    with hands.holding("shapes", "a message"):
        step._speak()
        batcher.running_for = settings.visibility_timeout_s + 1.0
        step._speak()
    assert said == [("shapes", ["a message"])], "of what an engine hangs on nothing is said"
    monkeypatch.setattr(presence, "announce", refuse)
    step._speak()
    assert len(swept) == 4, "a Redis that takes no word of the worker is swept"
    step.stop(parent)
    assert present(store.redis) == []


def refuse(*_: object) -> None:
    raise OSError("no")
