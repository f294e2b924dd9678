"""An API that is told to stop: it answers what it was asked, and waits for nobody else."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import call
from tests.stack import ROOT, Stack, running

pytestmark = pytest.mark.live
PHOTO = (ROOT / "img" / "truck.jpg").read_bytes()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Without a worker, so that no job ends."""
    with running(tmp_path, workers=0) as stack:
        yield stack


def stopped(stack: Stack) -> float:
    """How many seconds the API takes to stop."""
    began = time.monotonic()
    stack.stop_api()
    return time.monotonic() - began


def test_an_idle_connection_and_half_a_request_line_do_not_keep_it(stack: Stack) -> None:
    idle = http.client.HTTPConnection("127.0.0.1", stack.port)
    idle.request("GET", "/healthz")
    assert idle.getresponse().read()
    with socket.create_connection(("127.0.0.1", stack.port)) as half:
        half.send(b"GET /mod")
        assert stopped(stack) < 10
    assert idle.sock.recv(1) == b""
    assert "rror" not in stack.log("api")


def test_a_request_on_a_connection_that_was_opened_just_now_is_answered(stack: Stack) -> None:
    stopping = threading.Thread(target=stack.stop_api)
    with socket.create_connection(("127.0.0.1", stack.port), 10) as fresh:
        time.sleep(0.2)  # until it is accepted
        stopping.start()
        time.sleep(0.6)
        fresh.sendall(b"GET /healthz HTTP/1.1\r\nHost: kerasq\r\n\r\n")
        assert fresh.recv(100).startswith(b"HTTP/1.1 200")
    stopping.join()


def test_who_is_held_for_a_job_is_told_how_it_stands(stack: Stack) -> None:
    job = call("POST", f"{stack.url}/cifar10", {"key": "truck.jpg"}).body
    answers = []
    paths = (f"{job['links']['self']}?wait=60", job["links"]["events"])

    def ask(path: str) -> None:
        answers.append((path, call("GET", stack.url + path)))

    def submit() -> None:
        answers.append(("submit", call("POST", f"{stack.url}/cifar10", {"key": "truck.jpg"}, Prefer="wait=60")))

    clients = [threading.Thread(target=ask, args=[path]) for path in paths] + [threading.Thread(target=submit)]
    for client in clients:
        client.start()
    time.sleep(1)
    assert stopped(stack) < 20
    for client in clients:
        client.join()
    found = dict(answers)
    assert (found[paths[0]].status, found[paths[0]].body["status"]) == (200, "queued")
    assert found[paths[1]].content.startswith(b"event: progress\n")
    assert b"event: done" not in found[paths[1]].content
    assert found["submit"].status == 202
    assert found["submit"].headers["Location"]


def test_a_body_that_is_still_coming_is_waited_for(stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), 30) as upload:
        head = f"POST /cifar10 HTTP/1.1\r\nHost: kerasq\r\nContent-Length: {len(PHOTO)}\r\n"
        upload.sendall(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + PHOTO[:1000])
        time.sleep(0.5)
        stopping = threading.Thread(target=stack.stop_api)
        stopping.start()
        time.sleep(3)
        assert stopping.is_alive()
        upload.sendall(PHOTO[1000:])
        response = http.client.HTTPResponse(upload)
        response.begin()
        assert response.status == 202
        assert json.load(response)["status"] == "queued"
    stopping.join(10)
    assert not stopping.is_alive()
