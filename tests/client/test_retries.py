"""What happens on the way: refusals for now, connections that break, servers that are not kerasq."""

import socket
import time

import pytest

from client import Client, Unreachable, retries
from contract.errors import KerasqError, QueueFull, TooLarge, TooManyRequests
from tests.cli.test_patience import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(retries, "time", clock)
    return clock


def refusal(status: int, title: str, after: str | None = None) -> tuple:
    headers = {"Retry-After": after} if after else {}
    return status, headers, {"type": "", "title": title, "status": status, "detail": "not now", "instance": "/"}


FULL = refusal(503, "Queue full", "3")


def test_it_comes_back_when_the_server_says(script, clock):
    server = script(FULL, refusal(429, "Too many requests", "7"), refusal(503, "Queue unavailable"))
    assert Client(server.url).submit(b"x", "shapes").id == "1"
    assert clock.slept == [3, 7, 5]
    assert len({headers["Idempotency-Key"] for _, headers, _ in server.asked}) == 1


def test_patience_ends(script, clock):
    server = script(*[FULL] * 9)
    with pytest.raises(QueueFull, match="not now") as caught:
        Client(server.url, patience=10).submit(b"x", "shapes")
    assert clock.slept == [3, 3, 3]
    assert caught.value.retry_after == 3


def test_a_pause_longer_than_the_patience_is_not_begun(script, clock):
    server = script(refusal(429, "Too many requests", "3600"))
    with pytest.raises(TooManyRequests):
        Client(server.url).models()
    assert clock.slept == []


def test_a_submit_whose_answer_is_lost_is_sent_again_under_its_key(script, clock):
    server = script(None, None)
    assert Client(server.url).submit(b"x", "shapes").id == "1"
    assert clock.slept == [0.1, 0.2]
    assert len(server.asked) == 3
    assert len({headers["Idempotency-Key"] for _, headers, _ in server.asked}) == 1


def test_cancel_and_forget_are_tried_once(script, clock):
    server = script(FULL, FULL)
    with pytest.raises(QueueFull):
        Client(server.url).cancel("1")
    with pytest.raises(QueueFull):
        Client(server.url).forget("1")
    assert clock.slept == []


def test_a_connection_is_kept(script):
    server = script()
    client = Client(server.url, patience=0)
    for _ in range(3):
        client.job("1")
    client.close()
    client.job("1")
    assert len({address for _, _, address in server.asked}) == 2
    client.close()


def test_a_connection_that_the_server_closed_is_opened_anew(script):
    server = script(hangs_up=True)
    client = Client(server.url, patience=0)
    for _ in range(5):
        client.cancel("1")
        time.sleep(0.05)
    assert len(server.asked) == 5
    client.close()


def test_an_answer_too_late_is_unreachable(script):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(Unreachable, match="timed out"):
            Client(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=0.1, patience=0).models()


@pytest.mark.parametrize(
    ("turn", "kind", "says"),
    [
        ((502, {}, b"<html>"), Unreachable, "502 Bad Gateway"),
        ((429, {"Retry-After": "2"}, b""), TooManyRequests, "429"),
        ((413, {}, b"<html>nginx"), TooLarge, "413"),
        ((301, {"Location": "/"}, b""), KerasqError, "301 Moved"),
        ((404, {}, b"[]"), KerasqError, "404 Not Found"),
        ((200, {}, b"<html>"), KerasqError, "no JSON"),
        ((200, {}, {"a": 1}), KerasqError, "is it kerasq?"),
        ((200, {}, b""), KerasqError, "is it kerasq?"),
        (refusal(418, "Teapot"), KerasqError, "not now"),
    ],
)
def test_answers_that_are_not_kerasqs(script, turn, kind, says):
    with pytest.raises(kind, match=says) as caught:
        Client(script(turn).url, patience=0).job("1")
    assert type(caught.value) is kind


def test_an_address_below_a_path_and_a_key(script):
    server = script()
    Client(server.url + "/below/", "kq_1", patience=0).submit(b"x", "a b", bulk=True)
    path, headers, _ = server.asked[0]
    assert path == "/below/a%20b?bulk=true"
    assert headers["Authorization"] == "Bearer kq_1"
