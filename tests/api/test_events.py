"""GET /jobs/<id>/events."""

import threading

from contract.errors import QueueUnavailable


def test_a_silent_stream_says_that_it_is_still_there(api, monkeypatch):
    monkeypatch.setattr("api.jobs.STILL_HERE", 0.0)
    api.line.answers = False
    job = api.post("/shapes", json={"key": "truck.jpg"}).json
    with api.get(job["links"]["events"]) as stream:
        said = [next(stream.response) for _ in range(2)]
    assert said[0].startswith(b"event: progress") and said[1] == b": still here\n\n"


def test_a_stream_goes_on_when_a_redis_that_was_away_is_back(api, monkeypatch):
    api.line.answers = False
    job = api.post("/shapes", json={"key": "truck.jpg"}).json
    get, tries = api.store.get, []

    def away_once(job_id):
        tries.append(job_id)
        if len(tries) == 2:  # the first is that of the request itself
            threading.Timer(0.1, api.line.answer, api.line.jobs[0]).start()
            raise QueueUnavailable("away")
        return get(job_id)

    monkeypatch.setattr(api.store, "get", away_once)
    with api.get(job["links"]["events"]) as stream:
        said = b"".join(stream.response)
    assert said.startswith(b"event: progress") and b"event: done" in said and len(tries) >= 2
