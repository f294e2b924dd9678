"""Rate limits on what is submitted."""

import re
import time

import pytest
from limits import WindowStats

from api import keys as api_keys
from api import rates
from contract import keys
from contract.errors import BadSetting

SUBMIT = {"json": {"key": "truck.jpg"}}


def test_over_the_rate_is_429_and_says_when_to_try_again(make_api):
    api = make_api(rate_limit="2/minute")
    first, second, third = (api.post("/shapes", **SUBMIT) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (202, 202, 429)
    assert first.headers["RateLimit-Policy"] == '"submit";q=2;w=60'
    assert re.fullmatch(r'"submit";r=1;t=(59|60)', first.headers["RateLimit"])
    assert third.json["title"] == "Too many requests" and "2 per 1 minute" in third.json["detail"]
    assert 1 <= int(third.headers["Retry-After"]) <= 60
    assert len(api.line.jobs) == 2


def test_a_window_that_begins_has_its_whole_length_before_it(make_api, monkeypatch):
    """Within its first millisecond `limits` says 0 s."""
    api = make_api(rate_limit="1/minute")
    stats = WindowStats(reset_time=time.time() - 0.0001, remaining=0)
    monkeypatch.setattr("limits.strategies.SlidingWindowCounterRateLimiter.get_window_stats", lambda *_: stats)
    assert api.post("/shapes", **SUBMIT).headers["RateLimit"] == '"submit";r=0;t=60'
    assert api.post("/shapes", **SUBMIT).headers["Retry-After"] == "60"


def test_polling_and_cancelling_are_not_counted(make_api):
    api = make_api(rate_limit="1/hour")
    where = api.post("/shapes", **SUBMIT).headers["Location"]
    assert {api.get(where).status_code for _ in range(5)} == {200}
    assert api.post(f"{where}/cancel").status_code == 409
    assert "RateLimit" not in api.get(where).headers


def test_tensors_count_as_submissions(make_api):
    api = make_api(rate_limit="1/hour")
    api.post("/shapes", **SUBMIT)
    answer = api.post("/v2/models/shapes/infer", json={})
    assert answer.status_code == 429 and "error" in answer.json


def test_each_key_and_each_address_has_its_own(make_api, monkeypatch):
    monkeypatch.setattr(api_keys, "FRESH", -1.0)
    api = make_api(rate_limit="1/hour")
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}
    assert [api.post("/shapes", **SUBMIT, **more).status_code for more in ({}, {}, elsewhere)] == [202, 429, 202]
    for name in ("a", "b"):
        headers = {"Authorization": f"Bearer {keys.add(api.store, name)[1]}"}
        assert [api.post("/shapes", headers=headers, **SUBMIT).status_code for _ in range(2)] == [202, 429]


def test_a_forwarded_address_is_believed_only_behind_a_trusted_proxy(make_api):
    def statuses(api):
        return [
            api.post("/shapes", headers={"X-Forwarded-For": f"192.0.2.{n}"}, **SUBMIT).status_code for n in range(2)
        ]

    assert statuses(make_api(rate_limit="1/hour")) == [202, 429]
    assert statuses(make_api(rate_limit="1/hour", trusted_proxies=1)) == [202, 202]


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", "unix:"),
        ("", ""),
    ],
)
def test_a_subscriber_s_addresses_are_counted_as_one(address, counted):
    assert rates.network(address) == counted


def test_a_rate_that_is_none_stops_the_start(settings):
    from dataclasses import replace

    from api.context import Context

    for rate in ("often", "600/minute;10/second", "600/minute, 5 per hour", "0/minute"):
        with pytest.raises(BadSetting, match=f"KERASQ_RATE_LIMIT='{rate}' is not a rate such as"):
            Context.check(replace(settings, rate_limit=rate))
