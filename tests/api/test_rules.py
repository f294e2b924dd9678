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


def test_a_revoked_key_is_refused_within_seconds():
    assert api_keys.FRESH <= 5


def test_only_jobs_with_a_callback_enter_the_outbox(api):
    api.post("/shapes", json={"key": "truck.jpg"})
    api.line.answers = False
    api.post(api.post("/shapes", json={"key": "truck.jpg"}).headers["Location"] + "/cancel")
    assert not api.store.redis.exists(CALLBACKS)
