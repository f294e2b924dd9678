"""In which order a worker looks into its queues, when it leaves bulk where it is, and what it holds."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from kombu.utils.scheduling import round_robin_cycle

from contract.message import is_bulk

#: Messages that a worker can hold beside as many of bulk as it takes: an urgent one must find a thread.
KEPT_FREE = 2


class Hands:
    """What a worker of so many threads holds."""

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads - KEPT_FREE)
        self._held: defaultdict[str, set[str]] = defaultdict(set)
        self._coming: dict[str, str] = {}
        self._lock = threading.Lock()

    def expect(self, queue: str, message_id: str) -> None:
        """A message has been delivered that a thread will hold soon."""
        with self._lock:
            self._coming[message_id] = queue

    def forgo(self, message_id: str) -> None:
        """What was expected goes back to its queue."""
        with self._lock:
            self._coming.pop(message_id, None)

    @contextmanager
    def holding(self, queue: str, message_id: str) -> Iterator[None]:
        """While a message of the queue is worked on."""
        with self._lock:
            self._coming.pop(message_id, None)
            self._held[queue].add(message_id)
        try:
            yield
        finally:
            with self._lock:
                self._held[queue].discard(message_id)

    @property
    def held(self) -> dict[str, list[str]]:
        """The ids of the messages that are worked on, by their queues."""
        with self._lock:
            return {queue: list(ids) for queue, ids in self._held.items() if ids}

    def holds(self, message_id: str) -> bool:
        with self._lock:
            return any(message_id in ids for ids in self._held.values())

    @property
    def room(self) -> bool:
        """Whether one more of bulk leaves some for what is urgent."""
        with self._lock:
            coming = sum(map(is_bulk, self._coming.values()))
            return coming + sum(len(ids) for queue, ids in self._held.items() if is_bulk(queue)) < self._most


class UrgentFirst(round_robin_cycle):
    """kombu's cycle of queues: each in its turn, bulk after all others, and only while there is room for it."""

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self._hands = hands

    def consume(self, n: int) -> list[str]:
        queues: list[str] = sorted(super().consume(n), key=is_bulk)
        return queues if self._hands.room else [queue for queue in queues if not is_bulk(queue)]
