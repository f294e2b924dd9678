"""API keys: who may ask."""

import pytest

from api import keys as api_keys
from contract import keys
from contract.errors import UnknownApiKey

SUBMIT = {"json": {"key": "truck.jpg"}}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(api_keys, "FRESH", -1.0)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_without_keys_everyone_may(api):
    assert api.post("/shapes", **SUBMIT).status_code == 202


def test_once_a_key_exists_it_is_asked_for(api):
    key, token = keys.add(api.store, "ci")
    for headers in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer "}, bearer("kq"), bearer("x_y_z")):
        answer = api.post("/shapes", headers=headers, **SUBMIT)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == 'Bearer realm="kerasq"'
        assert answer.json["title"] == "Unauthorized"
    wrong = bearer(f"kq_{key.id}_{'0' * 43}")
    assert "not known" in api.post("/shapes", headers=wrong, **SUBMIT).json["detail"]
    assert api.post("/shapes", headers=bearer(token), **SUBMIT).status_code == 202
    assert api.post("/shapes", headers={"Authorization": f"bearer  {token}"}, **SUBMIT).status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/shapes"),
        ("POST", "/v2/models/shapes/infer"),
        ("GET", "/jobs"),
        ("GET", "/jobs/x"),
        ("GET", "/jobs/x/events"),
        ("POST", "/jobs/x/cancel"),
        ("DELETE", "/jobs/x"),
    ],
)
def test_what_asks_for_a_key(make_api, method, path):
    api = make_api(require_key=True)
    assert api.client.open(path, method=method).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/models", "/models/shapes", "/v2/health/live"])
def test_what_does_not(make_api, path):
    assert make_api(require_key=True).get(path).status_code in (200, 503)


def test_a_revoked_key_opens_nothing(api):
    keys.add(api.store, "other")
    key, token = keys.add(api.store, "ci")
    keys.revoke(api.store, key.id)
    assert api.post("/shapes", headers=bearer(token), **SUBMIT).status_code == 401
    assert [each.name for each in keys.every(api.store)] == ["other"]
    with pytest.raises(UnknownApiKey, match=key.id):
        keys.revoke(api.store, key.id)


def test_nothing_in_redis_opens_anything(api):
    key, token = keys.add(api.store, "ci")
    stored = b"".join(api.store.redis.hgetall(keys.KEYS).values())
    assert token.encode() not in stored and token.split("_", 2)[-1].encode() not in stored
    assert "digest" not in repr(key)
