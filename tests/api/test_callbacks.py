"""Webhooks: signed, tried again, and never into the server's own network."""

import contextlib
import http.server
import json
import socket
import ssl
import threading
import time

import pytest

from api import addresses, callbacks
from api.addresses import Target, is_public, resolve
from api.callbacks import Caller, Pinned, sign
from contract import outbox
from contract.errors import InvalidRequest, QueueFull, QueueUnavailable
from contract.outbox import CALLBACKS, TRIES, Outbox

HOST = [(socket.AF_INET6, "2606:4700::1111"), (socket.AF_INET, "1.1.1.1")]
SUBMIT = {"json": {"key": "truck.jpg"}}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.calls, server.statuses = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/told?by=kerasq"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def api(make_api):
    return make_api(callback_secret="s3cret", callback_private=True, callback_tries=3)


@pytest.fixture
def caller(api):
    return Caller(api.store, api.context.outbox, api.context.settings)


def submit(api, url):
    return api.client.post("/shapes", query_string={"callback_url": url}, **SUBMIT)


def due_now(api):
    for job_id in api.store.redis.zrange(CALLBACKS, 0, -1):
        api.context.outbox.put_off(job_id.decode(), time.time())


def test_a_job_that_ended_is_posted_signed_as_get_shows_it(api, caller, receiver):
    job_id = submit(api, receiver.url).json["id"]
    assert caller.call_one() and not caller.call_one()
    ((path, headers, body),) = receiver.calls
    assert path == "/told?by=kerasq" and headers["Content-Type"] == "application/json"
    assert json.loads(body) == api.get(f"/jobs/{job_id}").json
    timestamp = int(headers["Kerasq-Signature"].split(",")[0].removeprefix("t="))
    assert abs(timestamp - time.time()) < 60 and headers["Kerasq-Signature"] == sign("s3cret", timestamp, body)


def test_the_signature_is_hmac_sha256_over_timestamp_and_body():
    """`printf '5.{}' | openssl dgst -sha256 -hmac k` says the same."""
    digest = "d066254199a6f40d63f96c33c549959d7a371ef849d13d2a85811237089b2d00"
    assert sign("k", 5, b"{}") == f"t=5,v1={digest}"


def test_nobody_is_called_before_the_job_ends(api, caller, receiver):
    api.line.answers = False
    job_id = submit(api, receiver.url).json["id"]
    assert not caller.call_one()
    api.client.post(f"/jobs/{job_id}/cancel")
    assert caller.call_one() and json.loads(receiver.calls[0][2])["status"] == "cancelled"


def test_a_receiver_that_fails_is_tried_again_later_and_later_then_given_up(api, caller, receiver):
    receiver.statuses[:] = [500, 302, 404]
    submit(api, receiver.url)
    pauses = []
    for _ in range(3):
        assert caller.call_one() and not caller.call_one()
        rest = api.store.redis.zrange(CALLBACKS, 0, -1, withscores=True)
        pauses += [score - time.time() for _, score in rest]
        due_now(api)
    assert pauses == pytest.approx([1, 2], abs=0.5)
    assert len(receiver.calls) == 3 and not caller.call_one()


def test_a_caller_that_dies_leaves_its_callback_to_the_next(api, caller, receiver):
    submit(api, receiver.url)
    assert api.context.outbox.claim()
    assert not caller.call_one()
    due_now(api)  # as when the lease is over
    assert caller.call_one() and len(receiver.calls) == 1


def test_a_job_that_was_forgotten_or_never_queued_is_dropped(api, caller, receiver):
    api.client.delete(submit(api, receiver.url).headers["Location"])
    assert caller.call_one() and not receiver.calls and not api.store.redis.exists(CALLBACKS)


def test_a_refused_retry_leaves_the_callback_of_the_job_that_was_accepted(api, caller, receiver, monkeypatch):
    """Two requests under one key: the second finds no job yet, the first is accepted, the second is refused."""
    headers, accept = {"Idempotency-Key": "k"}, api.line.submit
    api.line.answers = False

    def send():
        return api.post("/shapes", query_string={"callback_url": receiver.url}, headers=headers, **SUBMIT)

    def refuse(job, pixels):
        monkeypatch.setattr(api.line, "submit", accept)
        assert send().status_code == 202
        raise QueueFull("full")

    monkeypatch.setattr(api.line, "submit", refuse)
    assert send().status_code == 503
    assert api.store.redis.zcard(CALLBACKS) == 1
    assert send().json["id"] == api.line.jobs[0][0].id and len(api.line.jobs) == 1


def test_without_a_secret_there_are_no_callbacks(make_api):
    answer = submit(make_api(), "https://example.com/")
    assert answer.status_code == 422 and "KERASQ_CALLBACK_SECRET" in answer.json["detail"]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1/",
            "http://localhost:6379/",
            "http://[::1]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
        ),
        *("http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://2130706433/", "http://[fe80::1]/"),
        *("ftp://example.com/", "file:///etc/passwd", "//example.com", "http://", "http://user@1.1.1.1/", "x"),
        *("ftp://1.1.1.1:80/", "htps://1.1.1.1:443/hook"),
        *("http://1.1.1.1:99999/", "http://1.1.1.1/a b", "http://1.1.1.1/\r\nHost: x"),
    ],
)
def test_addresses_that_are_not_called(make_api, url):
    answer = submit(make_api(callback_secret="s"), url)
    assert answer.status_code == 422 and answer.json["detail"].startswith("callback_url: ")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("100.64.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("::127.0.0.1", False),
        ("::ffff:1.1.1.1", True),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("2002:7f00:1::", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("168.63.129.16", False),
        ("192.0.0.192", False),
    ],
)
def test_is_public(address, public):
    assert is_public(address) is public


def test_all_addresses_of_a_host_are_to_be_tried(monkeypatch):
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 80)) for family, address in HOST]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found)
    assert resolve("http://both.example/", allow_private=False).addresses == ("2606:4700::1111", "1.1.1.1")


def test_a_name_that_changes_its_address_after_the_check_is_refused_at_the_call(make_api, monkeypatch, receiver):
    answers = ["1.1.1.1"]

    def lookup(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[0], port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", lookup)
    api = make_api(callback_secret="s", callback_tries=1)
    assert submit(api, f"http://rebound.example:{receiver.server_port}/").status_code == 202
    answers[0] = "127.0.0.1"
    assert Caller(api.store, api.context.outbox, api.context.settings).call_one() and not receiver.calls
    with pytest.raises(InvalidRequest, match="not public"):
        resolve("http://rebound.example/", allow_private=False)


@pytest.fixture
def dripping():
    """A receiver whose TLS handshake never ends: a record of 16 KiB, a byte at a time."""
    stop = threading.Event()

    def drip():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not stop.wait(0.05):
                connection.sendall(b"\0")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
        stop.set()
        thread.join(5)


def test_a_handshake_that_never_ends_is_cut_off(api, caller, dripping, monkeypatch):
    monkeypatch.setattr("api.callbacks.DEADLINE", 0.5)
    submit(api, dripping)
    began = time.monotonic()
    assert caller.call_one()
    assert 0.4 < time.monotonic() - began < 5


def test_a_callback_is_due_after_the_job_and_before_its_record_ends(make_api):
    api = make_api(callback_secret="s", callback_private=True, job_ttl_s=100, result_ttl_s=20)
    api.line.answers = False
    submit(api, "http://127.0.0.1/")
    ((_, due),) = api.store.redis.zrange(CALLBACKS, 0, -1, withscores=True)
    assert 100 < due - time.time() < 100 + 20


def test_a_callback_s_certificate_is_checked(monkeypatch, receiver):
    seen = []

    def wrap(self, sock, *, server_hostname, **_):
        seen.append((self.verify_mode, self.check_hostname, server_hostname))
        raise OSError

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    there = {"host": "receiver.example", "port": receiver.server_port, "path": "/", "addresses": ("127.0.0.1",)}
    with pytest.raises(OSError):
        Pinned(Target(scheme="https", **there)).connect()
    assert seen == [(ssl.CERT_REQUIRED, True, "receiver.example")]


def test_a_callback_goes_to_the_address_that_was_checked(receiver):
    there = {"host": "receiver.invalid", "port": receiver.server_port, "path": "/", "addresses": ("127.0.0.1",)}
    connection = Pinned(Target(scheme="http", **there))
    connection.request("POST", "/", b"{}")
    assert connection.getresponse().status == 204
    assert receiver.calls[0][1]["Host"] == f"receiver.invalid:{receiver.server_port}"


def test_a_callback_goes_to_the_first_address_that_takes_it(receiver):
    how = {"scheme": "http", "host": "receiver.invalid", "port": receiver.server_port, "path": "/"}
    connection = Pinned(Target(**how, addresses=("::1", "127.0.0.2", "127.0.0.1", "127.0.0.3")))
    connection.request("POST", "/", b"{}")
    assert connection.getresponse().status == 204
    assert connection.sock is None or connection.sock.gettimeout() == callbacks.PATIENCE
    with pytest.raises(ConnectionRefusedError):
        Pinned(Target(**how, addresses=("127.0.0.2", "127.0.0.3"))).connect()


def test_a_receiver_of_nonsense_is_given_up(api, caller):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def nonsense():
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"nonsense\r\n\r\n")

        threading.Thread(target=nonsense, daemon=True).start()
        submit(api, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        for _ in range(3):
            assert caller.call_one()
            due_now(api)
        assert not caller.call_one()


def test_a_caller_outlives_whatever_it_meets(api, caller, monkeypatch):
    monkeypatch.setattr("api.callbacks.LOOK", 0.01)
    called = []

    def call_one():
        called.append(1)
        if len(called) == 1:
            raise QueueUnavailable("away")
        if len(called) == 2:
            raise RuntimeError("nobody thought of this")
        raise SystemExit

    monkeypatch.setattr(caller, "call_one", call_one)
    with pytest.raises(SystemExit):
        caller._run_forever()
    assert len(called) == 3


def test_one_private_address_among_a_host_s_is_enough(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InvalidRequest, match="not public"):
        resolve("http://both.example/", allow_private=False)


def test_a_delivered_callback_leaves_nothing(api, caller, receiver):
    submit(api, receiver.url)
    assert caller.call_one()
    assert not api.store.redis.exists(CALLBACKS, TRIES)


def test_a_callback_is_nobody_else_s_until_its_deadline(store):
    box = Outbox(store)
    box.enter("one", 0.0)
    box.claim()
    assert store.redis.zscore(CALLBACKS, "one") > time.time() + callbacks.DEADLINE


def test_a_lease_is_longer_than_a_call():
    assert callbacks.PATIENCE <= callbacks.DEADLINE < outbox.LEASE


@pytest.mark.parametrize("other", ["top=1", "bulk=true", "callback_url=http://127.0.0.1/"])
def test_a_key_with_another_wish_is_refused(api, other):
    headers = {"Idempotency-Key": "k"}
    assert api.post("/shapes", headers=headers, **SUBMIT).status_code == 202
    again = api.post(f"/shapes?{other}", headers=headers, **SUBMIT)
    assert (again.status_code, again.json["title"]) == (422, "Idempotency key reused")
