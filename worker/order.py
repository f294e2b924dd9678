"""In which order a worker looks into its queues, and when it leaves bulk where it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kombu.utils.scheduling import priority_cycle

from contract.message import is_bulk

#: Messages that a worker can hold beside as many of bulk as it takes: an urgent one must find a thread.
KEPT_FREE = 2


class Hands:
    """What a worker of so many threads holds."""

    def __init__(self, threads: int) -> None:
        self._most, self._bulk = max(1, threads - KEPT_FREE), 0
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, queue: str) -> Iterator[None]:
        """While a message of the queue is worked on."""
        bulk = int(is_bulk(queue))
        with self._lock:
            self._bulk += bulk
        try:
            yield
        finally:
            with self._lock:
                self._bulk -= bulk

    @property
    def room(self) -> bool:
        """Whether one more of bulk leaves some for what is urgent."""
        return self._bulk < self._most


class UrgentFirst(priority_cycle):
    """kombu's cycle of queues: in the order that they were given in, bulk only while there is room for it."""

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self._hands = hands

    def consume(self, n: int) -> list[str]:
        queues: list[str] = super().consume(n)
        return queues if self._hands.room else [queue for queue in queues if not is_bulk(queue)]
