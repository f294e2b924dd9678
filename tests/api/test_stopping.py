import socket

from gunicorn.workers.ggevent import GeventWorker

from api import stopping
from api.stopping import StoppingWorker


def test_a_client_that_falls_silent_is_not_waited_for_and_an_idle_one_is(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(GeventWorker, "handle_request", lambda self, _, req, sock, addr: seen.append(sock.gettimeout()))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        StoppingWorker.handle_request(object.__new__(StoppingWorker), "listener", None, ours, None)
        assert seen == [stopping.SILENCE]
        assert ours.gettimeout() is None
