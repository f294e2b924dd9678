"""The Celery worker around the classifier: thread pool, queues, and the word that it consumes."""

import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from celery import bootsteps
from celery.signals import task_received
from celery.worker.consumer import Tasks

from contract import presence
from contract.settings import Settings
from contract.store import Store
from worker import ending
from worker.celery_app import make_app, queues
from worker.order import Hands
from worker.sweep import sweep
from worker.task import Classifier, Served, log

#: Seconds in which any engine runs any batch, unless it hangs.
STUCK = 60.0
#: Seconds after which a worker that is to stop, and has run nothing since, waits only for a Redis that hangs.
PARTING = 10.0


def watch(served: Mapping[str, Served], limit: float) -> None:
    """Look for ever, in a thread of its own: a worker that was told to stop has no other that would."""
    idle_since = None
    while True:
        time.sleep(presence.INTERVAL)
        end_if_stuck(served, limit)
        idle = ending.asked() and not _longest(served)
        idle_since = (idle_since or time.monotonic()) if idle else None
        if idle_since and time.monotonic() - idle_since > PARTING:
            ending.end(f"Redis has not answered for {PARTING:g} s since this worker was told to stop")


def end_if_stuck(served: Mapping[str, Served], limit: float) -> None:
    """End the process where a batch has run for more than `limit` seconds."""
    if (longest := _longest(served)) > limit:
        ending.end(f"the engine has not answered for {longest:.0f} s")


def _longest(served: Mapping[str, Served]) -> float:
    """Seconds that the batch has run that runs longest."""
    return max(each.batcher.running_for for each in served.values())


def _speaking(
    served: dict[str, Served], engine: str, classifier: Classifier, store: Store, hands: Hands, patience: float
) -> type:
    """The bootstep that announces this worker and what it holds, and sweeps, from the consumer's own loop: so only
    while it consumes. Of an engine that has not answered for `patience` seconds it says nothing: others shall try.
    """
    started_at = time.time()

    def keep() -> None:
        if _longest(served) <= patience:
            for queue, message_ids in hands.held.items():
                store.keep(queue, message_ids)

    def announce() -> None:
        presence.announce(
            store.redis,
            presence.Presence(
                worker=presence.this_worker(),
                models={name: each.card.version for name, each in served.items()},
                engine=engine,
                started_at=started_at,
                images=classifier.images,
            ),
        )

    class Speaking(bootsteps.StartStopStep):
        requires = (Tasks,)

        def start(self, parent: Any) -> None:
            self._speak()
            self._timer = parent.timer.call_repeatedly(presence.INTERVAL, self._speak)

        def stop(self, parent: Any) -> None:
            self._timer.cancel()
            try:
                presence.withdraw(store.redis, presence.this_worker())
            except Exception as error:
                log.warning("could not say goodbye: %s", error)

        def _speak(self) -> None:
            # Each for itself: a Redis without memory takes no word of this worker, and a sweep may give it some.
            for step in (keep, announce, lambda: sweep(store, served, presence.INTERVAL)):
                try:
                    step()
                except Exception as error:
                    log.warning("could not say what this worker does, or sweep: %s", error)

    return Speaking


def _expect(hands: Hands, request: Any, **_: Any) -> None:
    """Here and not in the message's thread, which may begin after the next one has been asked for."""
    hands.expect(request.delivery_info["routing_key"], request.id)


def consume(served: dict[str, Served], engine: str, store: Store, settings: Settings) -> int:
    """Consume until told to stop; returns the exit code. SIGTERM finishes what has begun and hands the rest back."""
    hands = Hands(settings.worker_threads)
    app, classifier = make_app(settings, hands), Classifier(served, store, hands)
    classifier.register(app)
    task_received.connect(partial(_expect, hands), weak=False)
    app.conf.task_queues = queues(list(served))
    app.steps["consumer"].add(
        _speaking(served, engine, classifier, store, hands, patience=settings.visibility_timeout_s)
    )
    limit = max(STUCK, 4 * settings.visibility_timeout_s)
    threading.Thread(target=watch, args=(served, limit), name="watchdog", daemon=True).start()
    worker = app.Worker(
        hostname=f"kerasq@{presence.this_worker()}",
        pool_cls="threads",
        concurrency=settings.worker_threads,
        loglevel=settings.log_level,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return worker.exitcode or 0
