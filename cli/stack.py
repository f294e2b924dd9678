"""What `kerasq up` runs, kept running until it is told to stop: server, API, workers."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import click

from cli.child import Child
from contract.errors import MISCONFIGURED, KerasqError

#: What `kerasq up` says once all serve, before the address.
READY = "kerasq is ready on "
#: Seconds between two looks at the children.
LOOK = 0.1
#: Seconds that the server and the API have to stop; the workers' time is the user's choice.
SERVER_GRACE = API_GRACE = 30.0


def say(words: str, *, err: bool = False) -> None:
    """On stdout or stderr, if somebody takes it: a supervisor must outlive its log."""
    with suppress(OSError):
        click.echo(words, err=err)


class Stack:
    """The children in the order in which they start; they stop the other way round, those of a rank together."""

    def __init__(self, grace: float) -> None:
        self._children: list[Child] = []
        self._grace = grace
        #: Whether all have served: from then on one that cannot start does not end the others.
        self.begun = False
        self.stopping, self.hurrying = threading.Event(), threading.Event()

    def pids(self, prefix: str) -> set[int]:
        """Of the children that run and whose names begin so."""
        return {child.pid for child in self._children if child.name.startswith(prefix) and child.pid}

    def run(self, *children: Child) -> None:
        for child in children:
            self._children.append(child)
            child.start()

    def supervise(self, until: Callable[[], bool] = lambda: False) -> bool:
        """Keep all running until told to stop, which is False, or until something holds, which is True.

        Raises KerasqError when a child says that its configuration is wrong, unless the stack has `begun`: then the
        others go on, and the child is started again until it is right.
        """
        while not self.stopping.wait(LOOK):
            for child in self._children:
                self._tend(child)
            if until():
                return True
        return False

    def _tend(self, child: Child) -> None:
        code = child.tend()
        if code == MISCONFIGURED and child.name != "redis" and not self.begun:
            raise KerasqError(f"{child.name} cannot start: {child.said[-1] if child.said else 'it did not say why'}")
        if code is not None:
            say(f"kerasq: {child.name} ended with {code}; it is started again", err=True)

    def drain(self) -> None:
        """Stop taking work, finish what has begun, then stop the server. Told to hurry, it kills instead."""
        for prefix, grace in (("api", API_GRACE), ("worker", self._grace), ("redis", SERVER_GRACE)):
            rank = [child for child in self._children if child.name.startswith(prefix)]
            for child in rank:
                child.ask_to_stop()
            until = time.monotonic() + grace
            while any(child.running for child in rank) and time.monotonic() < until:
                if self.hurrying.wait(LOOK) and prefix != "redis":  # the server only writes its data, and soon ends
                    break
            for child in rank:
                child.kill()
