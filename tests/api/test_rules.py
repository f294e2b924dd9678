"""Rules of the API whose breach no other test would notice."""

import socket
import ssl
import threading
import time

import pytest
import redis

from api import addresses, callbacks
from api import keys as api_keys
from api.addresses import Target, resolve
from api.callbacks import Caller, Pinned
from contract import keys, outbox
from contract.errors import InvalidRequest, QueueUnavailable
from contract.notices import Watch
from contract.outbox import CALLBACKS, TRIES, Outbox
from tests.api.test_callbacks import due_now, receiver, submit  # noqa: F401 - a fixture
from tests.api.test_keys import bearer

SUBMIT = {"json": {"key": "truck.jpg"}}


@pytest.fixture
def plain(make_api):
    return make_api()


@pytest.fixture
def api(make_api):
    return make_api(callback_secret="s3cret", callback_private=True, callback_tries=3)


@pytest.fixture
def caller(api):
    return Caller(api.store, api.context.outbox, api.context.settings)


def test_one_client_s_idempotency_key_is_not_another_s(plain, monkeypatch):
    monkeypatch.setattr(api_keys, "FRESH", -1.0)
    ids = set()
    for name in ("a", "b"):
        headers = bearer(keys.add(plain.store, name)[1]) | {"Idempotency-Key": "k"}
        ids.add(plain.post("/shapes", headers=headers, **SUBMIT).json["id"])
    assert len(ids) == 2


@pytest.mark.parametrize("other", ["top=1", "bulk=true", "callback_url=http://127.0.0.1/"])
def test_a_key_with_another_wish_is_refused(api, other):
    headers = {"Idempotency-Key": "k"}
    assert api.post("/shapes", headers=headers, **SUBMIT).status_code == 202
    again = api.post(f"/shapes?{other}", headers=headers, **SUBMIT)
    assert (again.status_code, again.json["title"]) == (422, "Idempotency key reused")


def test_a_callback_is_due_after_the_job_and_before_its_record_ends(make_api):
    api = make_api(callback_secret="s", callback_private=True, job_ttl_s=100, result_ttl_s=20)
    api.line.answers = False
    submit(api, "http://127.0.0.1/")
    ((_, due),) = api.store.redis.zrange(CALLBACKS, 0, -1, withscores=True)
    assert 100 < due - time.time() < 100 + 20


def test_nobody_is_held_longer_than_the_setting_says(plain, monkeypatch):
    held = []
    monkeypatch.setattr(
        Watch, "settled", lambda self, timeout, **_: held.append(timeout) or self._store.get(self._job_id)
    )
    plain.line.answers = False
    where = plain.post("/shapes", headers={"Prefer": "wait=500"}, **SUBMIT).headers["Location"]
    plain.get(f"{where}?wait=500")
    assert held == [2.0, 2.0]


def test_a_job_that_is_forgotten_is_gone_from_its_stream(plain):
    plain.line.answers = False
    job = plain.post("/shapes", **SUBMIT).json
    with plain.get(job["links"]["events"]) as stream:
        first = next(stream.response)
        plain.store.forget(job["id"])
        assert first.startswith(b"event: progress") and next(stream.response).startswith(b"event: gone")


def test_a_stream_ends_when_all_are_released(plain):
    plain.line.answers = False
    job = plain.post("/shapes", **SUBMIT).json
    with plain.get(job["links"]["events"]) as stream:
        next(stream.response)
        plain.context.notices.release()
        assert b"".join(stream.response) == b""


def test_a_callback_s_certificate_is_checked(monkeypatch, receiver):
    seen = []

    def wrap(self, sock, *, server_hostname, **_):
        seen.append((self.verify_mode, self.check_hostname, server_hostname))
        raise OSError

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap)
    target = Target(scheme="https", host="receiver.example", port=receiver.server_port, path="/", address="127.0.0.1")
    with pytest.raises(OSError):
        Pinned(target).connect()
    assert seen == [(ssl.CERT_REQUIRED, True, "receiver.example")]


def test_a_callback_goes_to_the_address_that_was_checked(receiver):
    target = Target(scheme="http", host="receiver.invalid", port=receiver.server_port, path="/", address="127.0.0.1")
    connection = Pinned(target)
    connection.request("POST", "/", b"{}")
    assert connection.getresponse().status == 204
    assert receiver.calls[0][1]["Host"] == f"receiver.invalid:{receiver.server_port}"


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


def test_keys_that_cannot_be_read_let_nobody_in(plain, monkeypatch):
    keys.add(plain.store, "ci")

    def away(*_):
        raise redis.ConnectionError("away")

    with monkeypatch.context() as gone:
        gone.setattr(plain.store.redis, "hgetall", away)
        assert plain.post("/shapes", **SUBMIT).status_code == 503
    assert plain.post("/shapes", **SUBMIT).status_code == 401


def test_a_revoked_key_is_refused_within_seconds():
    assert api_keys.FRESH <= 5


def test_one_private_address_among_a_host_s_is_enough(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InvalidRequest, match="not public"):
        resolve("http://both.example/", allow_private=False)


def test_only_jobs_with_a_callback_enter_the_outbox(plain):
    plain.post("/shapes", json={"key": "truck.jpg"})
    plain.line.answers = False
    plain.post(plain.post("/shapes", json={"key": "truck.jpg"}).headers["Location"] + "/cancel")
    assert not plain.store.redis.exists(CALLBACKS)


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
