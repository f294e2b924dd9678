"""The hardware that the models of a worker share."""

import threading


class Device:
    """Its lock. Whoever waits goes before whoever has just had it, which a plain lock would give it to again."""

    def __init__(self) -> None:
        self._next, self._busy = threading.Lock(), threading.Lock()

    def __enter__(self) -> None:
        with self._next:
            self._busy.acquire()

    def __exit__(self, *_: object) -> None:
        self._busy.release()
