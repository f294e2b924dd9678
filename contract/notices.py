"""Waiting for jobs: one subscription per process wakes whoever waits."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from contract.jobs import Record
from contract.store import CHANNEL, Store

#: A waiter looks for itself this often, in seconds, in case the subscription was away when the notice came.
LOOK_AGAIN = 1.0


class Watch:
    """One waiter's view of one job."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store, self._job_id, self._told = store, job_id, threading.Event()

    def tell(self) -> None:
        self._told.set()

    def change(self, timeout: float) -> None:
        """Return when the job may have changed, or after `timeout` seconds."""
        self._told.wait(timeout)
        self._told.clear()

    def settled(self, timeout: float) -> Record:
        """The job's record as soon as it has ended, or as it is after `timeout` seconds."""
        until = time.monotonic() + timeout
        while True:
            self.change(min(LOOK_AGAIN, max(0.0, until - time.monotonic())))
            record = self._store.get(self._job_id)
            if record.status.settled or time.monotonic() >= until:
                return record


class Notices:
    """Listens for the ids that the store publishes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._lock = threading.Lock()
        threading.Thread(target=self._listen_forever, name="notices", daemon=True).start()

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Watch]:
        """Begin before submitting, so that no notice is missed."""
        watch = Watch(self._store, job_id)
        with self._lock:
            self._watches[job_id].add(watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._watches[job_id].discard(watch)
                if not self._watches[job_id]:
                    del self._watches[job_id]

    def _listen_forever(self) -> None:
        while True:
            try:
                with self._store.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    pubsub.subscribe(CHANNEL)
                    while True:
                        notice = pubsub.get_message(timeout=5)
                        if notice:
                            self._tell(notice["data"].decode().split())
            except (redis.ConnectionError, redis.TimeoutError, OSError):
                time.sleep(0.2)

    def _tell(self, job_ids: list[str]) -> None:
        with self._lock:
            for job_id in job_ids:
                for watch in self._watches.get(job_id, ()):
                    watch.tell()
