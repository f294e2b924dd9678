import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from gunicorn.workers.ggevent import GeventWorker

from api import stopping
from api.stopping import StoppingWorker


@pytest.fixture
def worker(monkeypatch) -> StoppingWorker:
    """One that was told to stop."""
    monkeypatch.setattr(GeventWorker, "notify", lambda self: None)
    worker = object.__new__(StoppingWorker)
    worker.alive, worker._stopping_since, worker._idle_since = False, None, {}
    worker.released = []
    notices = SimpleNamespace(release=lambda: worker.released.append(True))
    worker.wsgi = SimpleNamespace(extensions={"kerasq": SimpleNamespace(notices=notices)})
    return worker


@pytest.fixture
def connect(worker: StoppingWorker) -> Iterator:
    """Connections that have been idle for so many seconds: the client's end of each."""
    with ExitStack() as opened:

        def connect(idle: float) -> socket.socket:
            ours, theirs = (opened.enter_context(each) for each in socket.socketpair())
            worker._idle_since[ours] = time.monotonic() - idle
            return theirs

        yield connect


def ended(worker: StoppingWorker) -> list[bool]:
    """Of each idle connection, whether there is nothing more to read on it."""
    found = []
    for client in worker._idle_since:
        client.setblocking(False)
        try:
            found.append(client.recv(1, socket.MSG_PEEK) == b"")
        except BlockingIOError:
            found.append(False)
    return found


def test_only_what_is_idle_for_a_while_and_says_nothing_is_ended(worker, connect) -> None:
    connect(0.3), connect(2.0)
    connect(2.0).sendall(b"POST /cifar10 HTTP/1.1")
    worker.notify()
    assert ended(worker) == [False, True, False]


def test_nothing_is_ended_before_it_is_told_to_stop(worker, connect) -> None:
    worker.alive = True
    connect(100.0)
    worker.notify()
    assert ended(worker) == [False]
    assert worker._stopping_since is None


def test_who_is_held_is_released_after_a_while(worker) -> None:
    worker.notify()
    assert not worker.released
    worker._stopping_since -= stopping.HELD
    worker.notify()
    assert worker.released


def test_an_answer_that_nobody_takes_ends_the_connection_without_a_word(monkeypatch) -> None:
    def stuck(self, _, req, sock, addr):
        raise TimeoutError

    monkeypatch.setattr(GeventWorker, "handle_request", stuck)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(StopIteration):
        StoppingWorker.handle_request(object.__new__(StoppingWorker), "listener", None, ours, None)


def test_a_client_that_falls_silent_is_not_waited_for_and_an_idle_one_is(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(GeventWorker, "handle_request", lambda self, _, req, sock, addr: seen.append(sock.gettimeout()))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        StoppingWorker.handle_request(object.__new__(StoppingWorker), "listener", None, ours, None)
        assert seen == [stopping.SILENCE]
        assert ours.gettimeout() is None
