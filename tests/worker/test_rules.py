"""Rules of the worker whose breach no other test would notice."""

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from contract.card import Cards
from contract.errors import QueueUnavailable
from contract.jobs import Job, Status
from contract.presence import present
from contract.settings import Settings
from tests.worker.test_batcher import Askers, engine, images, make, pool  # noqa: F401 - fixtures
from tests.worker.test_sweep import sweep_now
from tests.worker.test_task import asked, classifier, queued, run  # noqa: F401 - a fixture
from worker import consumer, task
from worker import sweep as sweep_module
from worker.celery_app import make_app, queues
from worker.order import Hands, UrgentFirst


@pytest.mark.parametrize("bulk", [False, True])
def test_bulk_is_not_urgent_to_the_engine(classifier, store, monkeypatch, bulk):
    batcher = classifier._served["shapes"].batcher
    ran, real = [], batcher.run
    monkeypatch.setattr(batcher, "run", lambda pieces, *, urgent: ran.append(urgent) or real(pieces, urgent=urgent))
    one = Job(model="shapes", images=1, bulk=bulk)
    (message,) = queued(store, (one, np.zeros((1, 8, 8, 3), np.uint8)))
    classifier.classify(*store.take(message.queue, message.id))
    assert ran == [not bulk]


def test_answers_outlive_a_blip_of_redis(classifier, store, monkeypatch):
    one = asked(10)
    (message,) = queued(store, one)
    finish, away = store.finish, [QueueUnavailable("away")]
    monkeypatch.setattr(task.time, "sleep", lambda _: None)

    def flaky(*given):
        if away:
            raise away.pop()
        finish(*given)

    monkeypatch.setattr(store, "finish", flaky)
    run(classifier, store, message.id)
    assert store.get(one[0].id).status is Status.SUCCEEDED


def task_of(classifier):
    app = make_app(Settings(), classifier._hands)
    classifier.register(app)
    return app.tasks["kerasq.classify"]


def deliver(work, queue, message_id):
    """What Celery does with an envelope."""
    work.push_request(id=message_id, delivery_info={"routing_key": queue})
    try:
        work.run()
    finally:
        work.pop_request()


def test_what_celery_delivers_is_run_once_and_counted_as_bulk(classifier, store, monkeypatch):
    one = Job(model="shapes", images=1, bulk=True)
    (message,) = queued(store, (one, np.zeros((1, 8, 8, 3), np.uint8)))
    take, away, held = store.take, [QueueUnavailable("away")], []
    monkeypatch.setattr(task.time, "sleep", lambda _: None)

    def flaky(*given):
        held.append(classifier._hands._bulk)
        if away:
            raise away.pop()
        return take(*given)

    monkeypatch.setattr(store, "take", flaky)
    work = task_of(classifier)
    deliver(work, "shapes.bulk", message.id)
    assert store.get(one.id).status is Status.SUCCEEDED
    assert held == [1, 1] and classifier._hands._bulk == 0
    deliver(work, "shapes.bulk", message.id)  # it comes again: nothing is run
    assert classifier.images == 1


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
    monkeypatch.setattr(consumer, "make_app", lambda *_: app)
    served = {"shapes": SimpleNamespace(card=Cards(settings.models_dir)["shapes"], batcher=None)}
    assert consumer.consume(served, "none", store, settings) == 0
    assert begun == [120.0] and app.given["pool_cls"] == "threads"
    (kind,) = app.steps["consumer"]
    step, swept = object.__new__(kind), []
    monkeypatch.setattr(consumer, "sweep", lambda *given: swept.append(given[1]))
    parent = SimpleNamespace(timer=SimpleNamespace(call_repeatedly=lambda *_: SimpleNamespace(cancel=lambda: None)))
    step.start(parent)
    assert [list(each.models) for each in present(store.redis)] == [["shapes"]] and len(swept) == 1
    step.stop(parent)
    assert present(store.redis) == []


def test_an_urgent_answer_is_told_before_the_bulk_piece_ends(engine, pool):
    batcher, last, predict = make(engine, batch_max=1), threading.Event(), engine.predict

    def held_at_the_end(batch):
        if (batch == 3).any():
            last.wait(3)
        return predict(batch)

    engine.predict = held_at_the_end
    engine.gate.clear()
    bulk = pool.submit(batcher.run, [images(1, 2, 3)], urgent=False)
    assert engine.running.wait(5)
    askers = Askers(batcher, pool)
    askers.ask(9)
    engine.gate.set()
    assert askers.told()[0].tolist() == [[9] * 4]
    assert not bulk.done()
    last.set()
    bulk.result(5)
