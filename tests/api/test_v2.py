"""The Open Inference Protocol, version 2."""

import time

import numpy as np
import pytest

from contract.errors import QueueUnavailable
from contract.jobs import Result

PIXELS = np.arange(2 * 8 * 8 * 3).reshape(2, 8, 8, 3) % 256


def asked(data, shape=(2, 8, 8, 3), **more):
    return {"inputs": [{"name": "pixels", "shape": list(shape), "datatype": "UINT8", "data": data}], **more}


@pytest.mark.parametrize("data", [PIXELS.tolist(), PIXELS.ravel().tolist(), PIXELS.reshape(2, -1).tolist()])
def test_pixels_in_probabilities_of_every_class_out(api, data):
    answer = api.post("/v2/models/shapes/infer", json=asked(data, id="mine"))
    assert answer.status_code == 200
    assert answer.json == {
        "model_name": "shapes",
        "model_version": api.context.cards["shapes"].version,
        "id": "mine",
        "outputs": [
            {
                "name": "probabilities",
                "shape": [2, 3],
                "datatype": "FP32",
                "data": [0.5, 0.25, 0.125] * 2,
            }
        ],
    }
    assert np.array_equal(api.line.jobs[0][1], PIXELS)


def test_the_job_is_forgotten_once_it_is_answered(api):
    api.post("/v2/models/shapes/infer", json=asked(PIXELS.tolist()))
    assert api.get("/jobs").json["jobs"] == []


def test_the_content_type_does_not_matter(api):
    """tritonclient sends none."""
    import orjson

    answer = api.post("/v2/models/shapes/infer", data=orjson.dumps(asked(PIXELS.tolist())))
    assert answer.status_code == 200


def test_a_packed_body_is_415(api):
    answer = api.post("/v2/models/shapes/infer", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415 and "Content-Encoding 'gzip'" in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (asked([1, 2, 3]), 422, "needs 384 values, found 3"),
        (asked([[1], [2, 3]]), 422, "neither flat nor nested"),
        (asked(PIXELS.transpose(0, 3, 1, 2).tolist()), 422, "neither flat nor nested"),
        (asked([*PIXELS[:1].tolist(), 1]), 422, "neither flat nor nested"),
        (asked([[[[[1]]]]] * 2), 422, "neither flat nor nested"),
        (asked([256] * 384), 422, "0 to 255"),
        (asked([-1] * 384), 422, "0 to 255"),
        (asked([0.5] * 384), 422, "whole numbers"),
        (asked([True] * 384), 422, "whole numbers"),
        (asked(["1"] * 384), 422, "whole numbers"),
        (asked([10**30] * 384), 422, "whole numbers"),
        (asked([None] * 384), 422, "whole numbers"),
        (asked([0] * 999), 422, "needs 384 values, found 999"),
        (asked([], shape=(0, 8, 8, 3)), 422, "greater than or equal to 1"),
        (asked([0] * 192, shape=(2, 8, 4, 3)), 422, "takes the shape [-1, 8, 8, 3]"),
        (asked([], shape=(999, 8, 8, 3)), 413, "at most 256"),
        (asked([], shape=(10**40, 8, 8, 3)), 413, "at most 256"),
        (asked([0] * 60_000), 413, "commas"),
        ({"inputs": []}, 422, "inputs"),
        ({"inputs": [{"name": "image", "shape": [1, 8, 8, 3], "datatype": "UINT8", "data": []}]}, 422, "'pixels'"),
        ({"inputs": [{"name": "pixels", "shape": [1, 8, 8, 3], "datatype": "FP32", "data": []}]}, 422, "'UINT8'"),
        (asked(PIXELS.tolist(), outputs=[{"name": "labels"}]), 422, "'probabilities'"),
    ],
)
def test_what_is_not_taken_says_why_in_both_manners(api, body, status, words):
    answer = api.post("/v2/models/shapes/infer", json=body)
    assert answer.status_code == status and answer.content_type == "application/problem+json"
    assert words in answer.json["detail"] and answer.json["error"] == answer.json["detail"]


def test_every_error_speaks_the_protocol(make_api):
    api = make_api(max_body_bytes=1000)
    large = api.post("/v2/models/shapes/infer", data=b"x" * 1001)
    wrong, nowhere = api.client.put("/v2/models/shapes/infer"), api.get("/v2/nothing")
    assert [each.status_code for each in (large, wrong, nowhere)] == [413, 405, 404]
    assert all(each.json["error"] == each.json["detail"] for each in (large, wrong, nowhere))


def test_binary_tensors_are_refused(api):
    answer = api.post("/v2/models/shapes/infer", data=b'{"inputs": []}\x00\x01\x02')
    assert answer.status_code == 400 and "not JSON" in answer.json["error"]


def test_no_answer_in_time_is_504(make_api):
    api = make_api()
    api.line.answers = False
    answer = api.post("/v2/models/shapes/infer", json=asked(PIXELS.tolist()))
    assert answer.status_code == 504 and answer.headers["Retry-After"] and "/readyz" in answer.json["error"]
    assert api.get("/jobs").json["jobs"] == []


def test_an_engine_error_is_500_with_its_words(api, monkeypatch):
    def fail(job, pixels):
        (message,) = api.line.messages[job.id]
        api.store.take(message.queue, message.id)
        api.store.finish(message, "v", [[Result(error=("Engine error", "out of memory"))] * 2])

    monkeypatch.setattr(api.line, "answer", fail)
    answer = api.post("/v2/models/shapes/infer", json=asked(PIXELS.tolist()))
    assert answer.status_code == 500 and answer.json["error"] == "out of memory"


def test_an_answer_outlives_a_queue_that_goes_away(api, monkeypatch):
    def away(job_id):
        raise QueueUnavailable("away")

    monkeypatch.setattr(api.store, "forget", away)
    assert api.post("/v2/models/shapes/infer", json=asked(PIXELS.tolist())).status_code == 200


def test_who_has_no_id_waits_also_while_the_server_stops(api):
    api.line.answers = False
    api.context.notices.release()
    began = time.monotonic()
    assert api.post("/shapes", json={"key": "truck.jpg"}, headers={"Prefer": "wait=2"}).status_code == 202
    assert time.monotonic() - began < 1.8
    began = time.monotonic()
    assert api.post("/v2/models/shapes/infer", json=asked(PIXELS.tolist())).status_code == 504
    assert time.monotonic() - began >= 1.9


def test_metadata(api):
    assert api.get("/v2").json == {"name": "kerasq", "version": "0.1.0", "extensions": []}
    assert api.get("/v2/health/live").json == {"live": True}
    model = api.get("/v2/models/shapes").json
    assert model["inputs"] == [{"name": "pixels", "datatype": "UINT8", "shape": [-1, 8, 8, 3]}]
    assert model["outputs"] == [{"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}]
    assert "not a model" in api.get("/v2/models/none").json["error"]


def test_ready_means_that_a_worker_consumes(api):
    from contract.presence import Presence, announce

    for path in ("/v2/health/ready", "/v2/models/shapes/ready"):
        answer = api.get(path)
        assert (answer.status_code, answer.json) == (503, {"ready": False}) and answer.headers["Retry-After"]
    announce(api.store.redis, Presence(worker="w", models={"shapes": "v"}, engine="none", started_at=0.0))
    for path in ("/v2/health/ready", "/v2/models/shapes/ready"):
        assert api.get(path).json == {"ready": True}
    assert api.get("/v2/models/none/ready").status_code == 404
