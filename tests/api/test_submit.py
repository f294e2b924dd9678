"""POST /<model>: every way that images come in."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest

from api import problems
from contract.card import Card, Input
from contract.errors import QueueFull, QueueUnavailable
from tests.api.conftest import picture

WAIT = {"Prefer": "wait=2"}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def files(*contents: bytes) -> dict:
    return {"file": [(io.BytesIO(content), f"{number}.png") for number, content in enumerate(contents)]}


def test_a_key_as_the_original_took_it(api):
    answer = api.post("/shapes", json={"key": "truck.jpg"})
    assert answer.status_code == 202 and answer.json["status"] == "queued"
    assert answer.headers["Location"] == f"/jobs/{answer.json['id']}" and answer.headers["Retry-After"] == "1"
    followed = api.get(answer.headers["Location"]).json
    assert followed["status"] == "succeeded" and followed["results"][0]["name"] == "truck.jpg"
    assert [each["label"] for each in followed["results"][0]["predictions"]] == ["circle", "square", "star"]


@pytest.mark.parametrize(
    "given",
    [
        {"json": {"keys": ["truck.jpg", "frog.jpg"]}},
        {"json": {"images": [{"data": b64(picture("red")), "name": "a"}, {"data": b64(picture("blue"))}]}},
        {"data": files(picture("red"), picture("blue"))},
        {"data": {"a": (io.BytesIO(picture()), "a.png"), "b": (io.BytesIO(picture()), "b.png")}},
    ],
)
def test_several_images_make_one_job(api, given):
    body = api.post("/shapes", headers=WAIT, **given).json
    assert body["images"] == body["done"] == len(body["results"]) == 2
    assert len(api.line.jobs) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"json": {"image": b64(picture())}},
        {"data": picture(), "content_type": "image/png"},
        {"data": picture(kind="JPEG"), "content_type": "image/anything"},
        {"data": picture(kind="WEBP"), "content_type": "application/octet-stream"},
        {"data": files(picture())},
    ],
)
def test_one_image(api, given):
    answer = api.post("/shapes", headers=WAIT, **given)
    assert answer.status_code == 200 and answer.json["images"] == 1


def test_bad_images_are_told_in_their_place_and_the_good_ones_run(api):
    body = api.post("/shapes", headers=WAIT, data=files(b"junk", picture(), b"", picture("blue"))).json
    assert body["status"] == "succeeded" and body["images"] == body["done"] == 4
    assert [("error" in each, each["name"]) for each in body["results"]] == [
        (True, "0.png"),
        (False, "1.png"),
        (True, "2.png"),
        (False, "3.png"),
    ]
    assert body["results"][0]["error"]["title"] == "Not an image"
    assert len(api.line.jobs[0][1]) == 2


def test_a_key_that_names_nothing_among_good_ones(api):
    body = api.post("/shapes", headers=WAIT, json={"keys": ["no.jpg", "truck.jpg"]}).json
    assert body["results"][0]["error"]["title"] == "Unknown key" and body["results"][1]["predictions"]


def test_no_usable_image_is_422_with_an_error_for_each(api):
    answer = api.post("/shapes", data=files(b"junk", b""))
    assert answer.status_code == 422 and answer.json["title"] == "No usable image"
    assert [each["title"] for each in answer.json["errors"]] == ["Not an image"] * 2


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"json": {"key": "no.jpg"}}, 404, "names no file"),
        ({"json": {"key": "../pyproject.toml"}}, 404, "names no file"),
        ({"json": {"key": 5}}, 422, "key: Input should be a valid string"),
        ({"json": {}}, 422, "exactly one of"),
        ({"json": {"key": None}}, 422, "exactly one of"),
        ({"json": {"key": "truck.jpg", "image": "AAAA"}}, 422, "exactly one of"),
        ({"json": {"keys": []}}, 422, "keys"),
        ({"json": {"cat": "truck.jpg"}}, 422, "cat: Extra inputs"),
        ({"json": ["truck.jpg"]}, 422, "the body"),
        ({"json": {"image": "not base64!"}}, 415, "base64"),
        ({"data": b"{", "content_type": "application/json"}, 400, "the body cannot be read as JSON"),
        ({"data": b"[" * 100_000, "content_type": "application/json"}, 400, "the body cannot be read as JSON"),
        ({"data": b'{"key": "\\ud800"}', "content_type": "application/json"}, 400, "the body cannot be read as JSON"),
        ({"data": b"", "content_type": "application/json"}, 400, "the body cannot be read as JSON"),
        ({"data": {"text": "no file"}, "content_type": "multipart/form-data"}, 422, "'text' has no file name"),
        ({"data": b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}, 400, "no image"),
        ({"data": b"--x\r\n", "content_type": "multipart/form-data"}, 400, "lacks its boundary"),
        ({"data": b"--x\r\nContent-Dis", "content_type": "multipart/form-data; boundary=x"}, 400, "cannot be read"),
        ({"json": {"keys": ["truck.jpg"] * 40_000}}, 413, "commas"),
        ({"data": b"junk", "content_type": "image/png"}, 415, "not an image"),
        ({"data": picture()[:45], "content_type": "image/png"}, 422, "cannot be decoded"),
        ({"data": b"hello", "content_type": "text/plain"}, 415, "Content-Type 'text/plain' is not taken"),
        ({"data": b""}, 415, "the request has no Content-Type"),
        ({"json": {"key": "truck.jpg"}, "headers": {"Content-Encoding": "gzip"}}, 415, "Content-Encoding 'gzip'"),
        ({"data": b"GIF89a and no more", "content_type": "image/gif"}, 422, "begins like a GIF"),
    ],
)
def test_what_is_not_taken_says_why(api, given, status, words):
    answer = api.post("/shapes", **given)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert words in answer.json["detail"] and answer.json["status"] == status
    assert not api.line.jobs


def test_multipart_files_keep_their_order_whatever_their_fields(api):
    parts = [("front", "1.png"), ("back", "2.png"), ("front", "3.png")]
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + picture()
        + b"\r\n"
        for field, name in parts
    )
    answer = api.post("/shapes", data=body + b"--x--\r\n", content_type="multipart/form-data; boundary=x", headers=WAIT)
    assert [each["name"] for each in answer.json["results"]] == ["1.png", "2.png", "3.png"]


def test_a_body_without_its_end_is_no_body(make_api):
    api = make_api(max_body_bytes=1000)
    image = {"content_type": "image/png", "input_stream": io.BytesIO(picture() + bytes(100))}
    broken = api.post("/shapes", **image, environ_overrides={"CONTENT_LENGTH": "900", "wsgi.input_terminated": True})
    assert broken.status_code == 400 and "of the 900 bytes that were announced" in broken.json["detail"]


@pytest.mark.parametrize(("size", "status"), [(1000, 202), (1001, 413)])
def test_a_body_in_chunks_is_taken_up_to_the_limit(make_api, size, status):
    api = make_api(max_body_bytes=1000)
    environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}
    content = io.BytesIO(picture().ljust(size, b"\0"))
    answer = api.post("/shapes", content_type="image/png", input_stream=content, environ_overrides=environ)
    assert answer.status_code == status


def test_an_accepted_job_is_told_even_if_redis_goes_away_while_its_answer_is_waited_for(api, monkeypatch):
    api.line.answers = False

    def away(job_id):
        raise QueueUnavailable("away")

    monkeypatch.setattr(api.store, "get", away)
    answer = api.post("/shapes", json={"key": "truck.jpg"}, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202 and answer.headers["Location"] == f"/jobs/{answer.json['id']}"


def test_an_unknown_model_is_404_and_the_apis_own_names_are_no_models(api):
    for unread in ({"json": {"key": "truck.jpg"}}, {"data": b"text", "content_type": "text/plain"}):
        assert "served: shapes" in api.post("/nothing", **unread).json["detail"]
    answer = api.post("/jobs", json={"key": "truck.jpg"})
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(("top", "status"), [("1", 202), ("3", 202), ("0", 422), ("4", 422), ("-1", 422), ("x", 422)])
def test_top_is_one_to_the_number_of_classes(api, top, status):
    answer = api.post(f"/shapes?top={top}", json={"key": "truck.jpg"})
    assert answer.status_code == status
    if status == 422:
        assert answer.json["title"] == "Invalid request" and "top" in answer.json["detail"]
    else:
        assert api.line.jobs[0][0].top == int(top)


def test_limits_of_images_pixels_and_bytes(make_api):
    api = make_api(max_images=2, max_pixels=200, max_body_bytes=3000)
    assert "more than 2 images" in api.post("/shapes", json={"keys": ["a"] * 3}).json["detail"]
    for count in (3, 4, 5):
        many = api.post("/shapes", data=files(*[picture(size=(1, 1))] * count))
        assert many.status_code == 413 and "more than 2 images" in many.json["detail"]
    many = {"file": [(io.BytesIO(b"x"), "x")] * 9}
    assert api.post("/shapes", data=many).status_code == 413
    assert "at most 200" in api.post("/shapes", data=picture(size=(20, 20)), content_type="image/png").json["detail"]
    raw = {"data": b"x" * 3001, "content_type": "image/png"}
    for given in (raw, {"data": files(b"x" * 3000)}, {"json": "x" * 3000}):
        answer = api.post("/shapes", **given)
        assert answer.status_code == 413 and answer.json["title"] == "Too large"
        assert "3,000 bytes" in answer.json["detail"]


def test_why_redis_is_away_is_for_the_log_alone(api, monkeypatch, caplog):
    monkeypatch.setattr(problems, "_logged_at", -problems.EVERY)
    api.line.error = QueueUnavailable("Redis does not answer", "no route to 10.0.0.7")
    answers = [api.post("/shapes", json={"key": "truck.jpg"}) for _ in range(3)]
    assert {answer.json["detail"] for answer in answers} == {"Redis does not answer"}
    assert [record.getMessage() for record in caplog.records] == ["Redis does not answer: no route to 10.0.0.7"]


@pytest.mark.parametrize(("kind", "status"), [("PNG", 413), ("JPEG", 202)])
def test_pictures_that_are_decoded_whole_are_limited_together(make_api, kind, status):
    api = make_api(max_pixels=100)
    images = [{"data": base64.b64encode(picture(kind=kind, size=(10, 10))).decode()}] * 9
    assert api.post("/shapes", json={"images": images[:8]}).status_code == 202
    answer = api.post("/shapes", json={"images": images})
    assert answer.status_code == status
    if status == 413:
        assert answer.json["title"] == "Too large" and "more than 800 pixels together" in answer.json["detail"]


@pytest.mark.parametrize(
    ("error", "title"), [(QueueFull("full"), "Queue full"), (QueueUnavailable("away"), "Queue unavailable")]
)
def test_a_queue_that_takes_nothing_is_503_with_retry_after(api, error, title):
    api.line.error = error
    answer = api.post("/shapes", json={"key": "truck.jpg"})
    assert (answer.status_code, answer.json["title"], answer.headers["Retry-After"]) == (503, title, "5")


def test_a_model_of_two_labels_gives_both_where_nobody_says_how_many(settings, make_api):
    folder = settings.models_dir / "shapes"
    replace(Card.read(folder), labels=("circle", "square")).write(folder)
    api = make_api()
    assert api.post("/shapes", json={"key": "truck.jpg"}).status_code == 202
    assert api.line.jobs[0][0].top == 2
    assert api.post("/shapes?top=3", json={"key": "truck.jpg"}).status_code == 422


def test_prefer_wait_answers_200_when_done_and_202_when_not(api):
    answer = api.post("/shapes", json={"key": "truck.jpg"}, headers=WAIT)
    assert answer.status_code == 200 and answer.headers["Preference-Applied"] == "wait"
    api.line.answers = False
    answer = api.post("/shapes", json={"key": "truck.jpg"}, headers={"Prefer": "respond-async, wait=1"})
    assert answer.status_code == 202 and answer.headers["Preference-Applied"] == "respond-async"
    assert answer.json["status"] == "queued" and answer.json["position"] == 1


def test_who_only_follows_events_does_not_count_as_a_client(api, monkeypatch):
    counted = []
    submit = api.line.submit

    def counting(*job):
        counted.append(api.context.notices.clients())
        submit(*job)

    monkeypatch.setattr(api.line, "submit", counting)
    api.line.answers = False
    job = api.post("/shapes", json={"key": "truck.jpg"}).json
    with api.get(job["links"]["events"]) as stream:
        next(stream.response)
        api.post("/shapes", json={"key": "truck.jpg"}, headers={"Prefer": "wait=1"})
    assert counted == [1, 1] and api.context.notices.clients() == 0


def test_an_idempotency_key_names_one_job(api):
    def send(key, **headers):
        return api.post("/shapes", json={"key": key}, headers={"Idempotency-Key": "k", **headers})

    first, again, waited = send("truck.jpg"), send("truck.jpg"), send("truck.jpg", Prefer="wait=1")
    assert first.json["id"] == again.json["id"] == waited.json["id"] and len(api.line.jobs) == 1
    assert (first.status_code, again.status_code) == (202, 200)
    other = send("frog.jpg")
    assert other.status_code == 422 and other.json["title"] == "Idempotency key reused"


def test_an_idempotency_key_waits_for_the_first_submits_job(api):
    api.line.answers = False
    headers = {"Idempotency-Key": "k", "Prefer": "wait=1"}
    first = api.post("/shapes", json={"key": "truck.jpg"}, headers=headers)
    api.line.answer(*api.line.jobs[0])
    again = api.post("/shapes", json={"key": "truck.jpg"}, headers=headers)
    assert (first.status_code, again.status_code) == (202, 200)


def test_a_submit_that_failed_leaves_its_idempotency_key_usable(api):
    api.line.error = QueueFull("full")
    headers = {"Idempotency-Key": "k"}
    assert api.post("/shapes", json={"key": "truck.jpg"}, headers=headers).status_code == 503
    api.line.error = None
    assert api.post("/shapes", json={"key": "truck.jpg"}, headers=headers).status_code == 202


def test_who_takes_the_place_of_a_refused_submit_keeps_its_key(api, monkeypatch):
    """Though that one frees the key only when this one has found it."""
    release, submitted, freed = api.store.release, api.context.submitter.submit, []
    monkeypatch.setattr(api.store, "release", lambda *given: freed.append(given))
    api.line.error = QueueFull("full")
    headers = {"Idempotency-Key": "k"}
    assert api.post("/shapes", json={"key": "truck.jpg"}, headers=headers).status_code == 503
    api.line.error = None
    monkeypatch.setattr(api.context.submitter, "submit", lambda *given: (release(*freed.pop()), submitted(*given)))
    first = api.post("/shapes", json={"key": "truck.jpg"}, headers=headers)
    monkeypatch.setattr(api.context.submitter, "submit", submitted)
    again = api.post("/shapes", json={"key": "truck.jpg"}, headers=headers)
    assert (first.status_code, again.json["id"]) == (202, first.json["id"])


def test_of_what_a_full_queue_refuses_nothing_is_kept(make_api):
    api = make_api(callback_secret="s", callback_private=True)
    api.line.error = QueueFull("full")
    before = api.store.redis.keys()
    answer = api.post(
        "/shapes?callback_url=http://127.0.0.1/", json={"key": "truck.jpg"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 503
    assert api.store.redis.keys() == before


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"keys": [1] * 1000}, "keys.0: Input should be a valid string, found 1; "),
        ({"images": [{}] * 1000}, "images.0.data: Field required, found {}; "),
        ({str(number): 1 for number in range(1000)}, "the body: 1,000 fields or values do not fit; "),
        ({"key": "k" * 5000}, "key: String should have at most 1024 characters, found 'kkk"),
    ],
)
def test_a_body_that_is_wrong_in_a_thousand_places_costs_one_short_sentence(api, body, detail):
    answer = api.post("/shapes", json=body)
    assert answer.status_code == 422
    assert answer.json["detail"].startswith(detail)
    assert len(answer.json["detail"]) < 500


def test_bad_images_count_in_what_an_idempotency_key_stands_for(api):
    headers = {"Idempotency-Key": "k"}
    assert api.post("/shapes", json={"keys": ["no", "truck.jpg"]}, headers=headers).status_code == 202
    assert api.post("/shapes", json={"keys": ["truck.jpg", "no"]}, headers=headers).status_code == 422


def test_the_pixels_are_the_pictures(api):
    api.post("/shapes", data=picture("blue"), content_type="image/png")
    assert np.array_equal(api.line.jobs[0][1], np.broadcast_to(np.uint8([0, 0, 255]), (1, 8, 8, 3)))


def test_a_model_of_one_channel_gets_grey(models, make_api):
    replace(Card.read(models / "shapes"), input=Input(height=6, width=4, channels=1)).write(models / "shapes")
    api = make_api()
    assert api.post("/shapes", data=picture("red"), content_type="image/png").status_code == 202
    assert np.array_equal(api.line.jobs[0][1], np.full((1, 6, 4, 1), 76, np.uint8))


@pytest.mark.parametrize("page", ["zzzz", "0", "../x"])
def test_a_page_that_no_page_named_is_422(api, page):
    answer = api.get(f"/jobs?page={page}")
    assert answer.status_code == 422 and answer.json["detail"].startswith("page: ")


def test_pages_follow_one_another(api):
    ids = [api.post("/shapes", json={"key": "truck.jpg"}).json["id"] for _ in range(3)]
    first = api.get("/jobs?limit=2").json
    second = api.get(f"/jobs?limit=2&page={first['next']}").json
    assert [each["id"] for each in first["jobs"] + second["jobs"]] == ids[::-1]
    assert second["next"] is None
