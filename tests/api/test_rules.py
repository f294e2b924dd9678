"""Rules of the API whose breach no other test would notice."""

import redis

from api import keys as api_keys
from contract import keys
from contract.notices import Watch
from contract.outbox import CALLBACKS
from tests.api.test_keys import bearer

SUBMIT = {"json": {"key": "truck.jpg"}}


def test_one_client_s_idempotency_key_is_not_another_s(api, monkeypatch):
    monkeypatch.setattr(api_keys, "FRESH", -1.0)
    ids = set()
    for name in ("a", "b"):
        headers = bearer(keys.add(api.store, name)[1]) | {"Idempotency-Key": "k"}
        ids.add(api.post("/shapes", headers=headers, **SUBMIT).json["id"])
    assert len(ids) == 2


def test_nobody_is_held_longer_than_the_setting_says(api, monkeypatch):
    held = []
    monkeypatch.setattr(
        Watch, "settled", lambda self, timeout, **_: held.append(timeout) or self._store.get(self._job_id)
    )
    api.line.answers = False
    where = api.post("/shapes", headers={"Prefer": "wait=500"}, **SUBMIT).headers["Location"]
    api.get(f"{where}?wait=500")
    assert held == [2.0, 2.0]


def test_a_job_that_is_forgotten_is_gone_from_its_stream(api):
    api.line.answers = False
    job = api.post("/shapes", **SUBMIT).json
    with api.get(job["links"]["events"]) as stream:
        first = next(stream.response)
        api.store.forget(job["id"])
        assert first.startswith(b"event: progress") and next(stream.response).startswith(b"event: gone")


def test_a_stream_ends_when_all_are_released(api):
    api.line.answers = False
    job = api.post("/shapes", **SUBMIT).json
    with api.get(job["links"]["events"]) as stream:
        next(stream.response)
        api.context.notices.release()
        assert b"".join(stream.response) == b""


def test_keys_that_cannot_be_read_let_nobody_in(api, monkeypatch):
    keys.add(api.store, "ci")

    def away(*_):
        raise redis.ConnectionError("away")

    with monkeypatch.context() as gone:
        gone.setattr(api.store.redis, "hgetall", away)
        assert api.post("/shapes", **SUBMIT).status_code == 503
    assert api.post("/shapes", **SUBMIT).status_code == 401


def test_a_revoked_key_is_refused_after_two_seconds_and_keys_are_not_read_for_each_request(api, monkeypatch):
    now, read = 1000.0, []
    monkeypatch.setattr(api_keys.time, "monotonic", lambda: now)
    every = keys.every
    monkeypatch.setattr(keys, "every", lambda store: read.append(now) or every(store))
    key, token = keys.add(api.store, "ci")
    keys.add(api.store, "another, without which anybody might come in")
    assert [api.post("/shapes", headers=bearer(token), **SUBMIT).status_code for _ in range(3)] == [202] * 3
    assert read == [1000.0]
    keys.revoke(api.store, key.id)
    now += 2.1
    assert api.post("/shapes", headers=bearer(token), **SUBMIT).status_code == 401


def test_a_user_without_the_rights_is_the_operator_s_to_hear_of(api, monkeypatch):
    where = api.post("/shapes", **SUBMIT).headers["Location"]

    def refused(*_):
        raise redis.exceptions.NoPermissionError("User bob has no permissions to run the 'hgetall' command")

    for command in ("hgetall", "smembers"):
        monkeypatch.setattr(api.store.redis, command, refused)
    answer = api.get(where)
    assert (answer.status_code, answer.json["title"]) == (503, "Queue unavailable")
    assert "bob" not in answer.text
    assert api.get("/readyz").status_code == 503


def test_a_path_that_is_no_url_s_is_quoted_in_a_problem(api):
    assert api.get("/models/a%20b%3Fc%23d").json["instance"] == "/models/a%20b%3Fc%23d"
    assert api.get("/models/a%3Ab%2C%C3%A9").json["instance"] == "/models/a:b,%C3%A9"


def test_the_page_keeps_itself_to_itself(api):
    assert "default-src 'none'" in api.get("/").headers["Content-Security-Policy"]


def test_only_jobs_with_a_callback_enter_the_outbox(api):
    api.post("/shapes", json={"key": "truck.jpg"})
    api.line.answers = False
    api.post(api.post("/shapes", json={"key": "truck.jpg"}).headers["Location"] + "/cancel")
    assert not api.store.redis.exists(CALLBACKS)
