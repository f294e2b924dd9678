"""Waiting for jobs: one subscription per process wakes whoever waits."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from contract.errors import QueueUnavailable
from contract.jobs import Record
from contract.store import CHANNEL, Store

log = logging.getLogger("kerasq.notices")
AWAY = (QueueUnavailable, redis.ConnectionError, redis.TimeoutError, OSError)
#: A waiter looks for itself this often, in seconds, in case the subscription was away when the notice came.
LOOK_AGAIN = 1.0
#: Seconds without a notice after which Redis is asked whether it is still there, and as many for its answer.
SILENCE = 5.0


class Watch:
    """One waiter's view of one job."""

    def __init__(self, store: Store, job_id: str, released: threading.Event) -> None:
        self._store, self._job_id, self._told, self._released = store, job_id, threading.Event(), released
        self._record: Record | None = None

    @property
    def released(self) -> bool:
        """Whether nobody shall wait any longer."""
        return self._released.is_set()

    def tell(self, record: Record | None) -> None:
        self._record = record
        self._told.set()

    def change(self, timeout: float) -> Record:
        """The job's record once it has changed, or as it is after `timeout` seconds. Raises UnknownJob or JobGone."""
        told = self._told.wait(timeout)
        self._told.clear()
        return (self._record if told else None) or self._store.get(self._job_id)

    def settled(self, timeout: float, *, patient: bool = False) -> Record:
        """The job's record as soon as it has ended, or as it is after `timeout` seconds.

        When all are released it is as it is then, unless `patient`.
        Raises UnknownJob or JobGone.
        """
        until = time.monotonic() + timeout
        while True:
            record = self.change(min(LOOK_AGAIN, max(0.0, until - time.monotonic())))
            if record.status.settled or (self.released and not patient) or time.monotonic() >= until:
                return record


class Notices:
    """Listens for the ids that the store publishes, and reads the jobs of a notice that are waited for at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._clients, self._released = 0, threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen_forever, name="notices", daemon=True).start()

    def clients(self) -> int:
        """How many wait for an answer before they ask anew."""
        return self._clients

    def release(self) -> None:
        """Let go all who wait, now and later, within `LOOK_AGAIN` seconds: the process is about to end."""
        self._released.set()

    @contextmanager
    def watch(self, job_id: str, *, client: bool = True) -> Iterator[Watch]:
        """Begin before submitting, so that no notice is missed.

        `client` tells that whoever watches waits for the answer, and does not merely look on.
        """
        watch = Watch(self._store, job_id, self._released)
        with self._lock:
            self._watches[job_id].add(watch)
            self._clients += client
        try:
            yield watch
        finally:
            with self._lock:
                self._clients -= client
                self._watches[job_id].discard(watch)
                if not self._watches[job_id]:
                    del self._watches[job_id]

    def _listen_forever(self) -> None:
        while True:
            try:
                with self._store.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    pubsub.subscribe(CHANNEL)
                    asked = False
                    while True:
                        notice = pubsub.get_message(timeout=SILENCE)
                        if notice and notice["type"] == "message":
                            self._tell(notice["data"].decode().split())
                        elif not notice and asked:
                            raise TimeoutError(f"the subscription has been silent for {SILENCE:g} s since it was asked")
                        elif not notice:
                            pubsub.ping()
                        asked = not notice
            except Exception as error:  # whoever listens must outlive whatever one notice meets
                if not isinstance(error, AWAY):
                    log.warning("notices are listened for anew: %s", error)
                time.sleep(0.2)

    def _tell(self, job_ids: list[str]) -> None:
        watched = [job_id for job_id in job_ids if job_id in self._watches]
        records = self._store.several(watched) if watched else {}
        with self._lock:
            for job_id in watched:
                for watch in self._watches.get(job_id, ()):
                    watch.tell(records.get(job_id))
