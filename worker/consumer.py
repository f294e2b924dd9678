"""The Celery worker around the classifier: thread pool, queues, and the word that it consumes."""

import time
from typing import Any

import celery
from celery import bootsteps
from celery.worker.consumer import Tasks

from contract import presence
from contract.settings import Settings
from contract.store import Store
from worker.celery_app import queues
from worker.sweep import sweep
from worker.task import Classifier, Served, log


def _speaking(served: dict[str, Served], engine: str, classifier: Classifier, store: Store) -> type:
    """The bootstep that announces this worker, and sweeps, from the consumer's own loop: so only while it consumes."""
    started_at = time.time()

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
            try:
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
                sweep(store, served, presence.INTERVAL)
            except Exception as error:
                log.warning("could not announce this worker or sweep: %s", error)

    return Speaking


def consume(app: celery.Celery, served: dict[str, Served], engine: str, store: Store, settings: Settings) -> int:
    """Consume until told to stop; returns the exit code. SIGTERM finishes what has begun and hands the rest back."""
    classifier = Classifier(served, store)
    classifier.register(app)
    app.conf.task_queues = queues(list(served))
    app.steps["consumer"].add(_speaking(served, engine, classifier, store))
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
