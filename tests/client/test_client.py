"""The client against the API itself."""

import threading
from datetime import UTC, datetime

import pytest

from client import Client, Job, Unreachable
from contract import errors
from contract.jobs import Prediction, Result, Status
from tests.api.conftest import picture
from tests.client.conftest import serving

GUESSES = tuple(
    Prediction(label=label, probability=p) for label, p in (("circle", 0.5), ("square", 0.25), ("star", 0.125))
)


def test_a_submit_that_is_waited_for_has_its_answers(client, tmp_path):
    (tmp_path / 'röd "1" \\ 2.png').write_bytes(picture())
    job = client.submit([tmp_path / 'röd "1" \\ 2.png', picture("blue")], "shapes", wait=2)
    assert isinstance(job, Job) and job.settled
    assert (job.status, job.model, job.images, job.done) == (Status.SUCCEEDED, "shapes", 2, 2)
    assert job.results == (Result(predictions=GUESSES),) * 2
    assert job.names == ('röd "1" \\ 2.png', "")
    assert abs(datetime.now(UTC) - job.submitted_at).total_seconds() < 60
    assert client.job(job.id) == job


def test_what_is_sent_is_what_was_asked_for(client, api):
    client.submit(picture(), "shapes", top=1, bulk=True)
    client.submit([picture(), picture()], "shapes")
    assert [(job.images, job.top, job.bulk, job.names) for job, _ in api.line.jobs] == [
        (1, 1, True, ()),
        (2, 3, False, ()),
    ]


@pytest.mark.parametrize("wait", [0.2, 1.5, 1e6, float("inf")])
def test_any_time_can_be_waited(client, api, wait):
    job = client.submit(picture(), "shapes", wait=wait)
    assert job.settled and client.job(job.id, wait=wait).settled


def test_no_answers_are_not_the_usual_number_of_them(client):
    with pytest.raises(errors.InvalidRequest, match="top"):
        client.submit(picture(), "shapes", top=0)


@pytest.mark.parametrize("key", ["line\nbreak", "ключ"])
def test_a_key_that_no_header_holds_is_refused_and_leaves_nothing_behind(client, key):
    with pytest.raises(errors.InvalidRequest, match="idempotency key"):
        client.submit(picture(), "shapes", idempotency_key=key)


def test_a_request_that_fails_before_it_is_sent_leaves_nothing_behind(client):
    with pytest.raises(ValueError):
        client._server.ask("GET", "/models", None, {"X": "line\nbreak"}, wait=0)
    assert set(client.models()) == {"shapes"}


def test_a_job_is_followed_cancelled_and_forgotten(client, api):
    api.line.answers = False
    job = client.submit(picture(), "shapes")
    assert (job.status, job.settled, job.results) == (Status.QUEUED, False, ())
    threading.Timer(0.1, api.line.answer, api.line.jobs[0]).start()
    assert client.job(job.id, wait=2).results == (Result(predictions=GUESSES),)
    with pytest.raises(errors.JobSettled):
        client.cancel(job.id)
    client.forget(job.id)
    with pytest.raises(errors.UnknownJob, match="no job has the id"):
        client.job(job.id)
    second = client.submit([picture()], "shapes")
    cancelled = client.cancel(second.id)
    assert (cancelled.status, cancelled.results) == (Status.CANCELLED, (None,))


def test_the_same_key_is_the_same_job(client, api):
    first = client.submit(picture(), "shapes", idempotency_key="k")
    assert client.submit(picture(), "shapes", idempotency_key="k").id == first.id
    assert client.submit(picture(), "shapes").id != first.id
    with pytest.raises(errors.KeyReused):
        client.submit(picture("blue"), "shapes", idempotency_key="k")


def test_models_and_queues(client, api):
    assert client.models() == dict(api.context.cards)
    assert client.model("shapes") == api.context.cards["shapes"]
    queue = client.queues()["shapes"]
    assert (queue.model, queue.waiting, queue.workers) == ("shapes", 0, 0)
    with pytest.raises(errors.UnknownModel):
        client.model("no/such model?")


@pytest.mark.parametrize(
    ("images", "model", "top", "kind", "status"),
    [
        (picture(), "cats", 3, errors.UnknownModel, 404),
        (picture(), "shapes", 4, errors.InvalidRequest, 422),
        (b"text", "shapes", 3, errors.NotAnImage, 415),
        ([b"text", picture()[:40]], "shapes", 3, errors.NoUsableImage, 422),
        ([], "shapes", 3, errors.BadRequest, 400),
    ],
)
def test_a_problem_is_the_error_that_the_api_raised(client, images, model, top, kind, status):
    with pytest.raises(kind) as caught:
        client.submit(images, model, top)
    assert (type(caught.value), caught.value.status) == (kind, status)


def test_a_key_is_sent(make_api):
    with serving(make_api(require_key=True).client.application) as url:
        with pytest.raises(errors.Unauthorized):
            Client(url, "kq_wrong", patience=0).submit(picture(), "shapes")


def test_classify_answers_every_image_in_its_place(client, api):
    results = client.classify([picture(), b"text", picture()], "shapes", top=1)
    assert [each.error and each.error[0] for each in results] == [None, "Not an image", None]
    assert results[0].predictions == GUESSES[:1]
    assert client.classify(b"text", "shapes")[0].error[0] == "Not an image"
    assert [each.error[0] for each in client.classify([b"text", b""], "shapes")] == ["Not an image"] * 2
    assert client.classify([], "shapes") == []
    assert api.store.page(9)[0] == []


def test_what_is_too_much_for_one_request_is_several(make_api):
    api = make_api(max_images=3)
    with serving(api.client.application) as url, Client(url, patience=0) as client:
        with pytest.raises(errors.TooLarge, match=r"more than 3 images|too many parts"):
            client.submit([picture()] * 8, "shapes")
        assert client.classify([picture()] * 8, "shapes") == [Result(predictions=GUESSES)] * 8
        assert [job.images for job, _ in api.line.jobs] == [2] * 4
        assert [job.images for job in client.submit_all([picture()] * 3, "shapes")] == [2, 1]


def test_large_images_go_in_requests_that_the_server_takes_at_once(make_api, monkeypatch, tmp_path):
    monkeypatch.setattr("client.uploads.BODY", 2 * len(picture()))
    (tmp_path / "a.png").write_bytes(picture())
    api = make_api()
    with serving(api.client.application) as url, Client(url, patience=0) as client:
        given = [picture(), tmp_path / "a.png", str(tmp_path / "a.png"), picture(), picture() + bytes(9999)]
        assert [job.images for job in client.submit_all(given, "shapes")] == [2, 2, 1]


def test_one_that_is_too_large_alone_fails_alone(make_api):
    api = make_api(max_body_bytes=2000)
    with serving(api.client.application) as url, Client(url, patience=0) as client:
        results = client.classify([picture(), bytes(3000), picture()], "shapes")
        assert [each.error and each.error[0] for each in results] == [None, "Too large", None]


def test_classify_takes_back_what_is_not_in_time(client, api):
    api.line.answers = False
    with pytest.raises(errors.NotInTime):
        client.classify(picture(), "shapes", timeout=0.05)
    assert [record.status for record in api.store.page(9)[0]] == ["cancelled"]


def test_threads_share_a_client(client, api):
    found = []
    threads = [threading.Thread(target=lambda: found.extend(client.classify(picture(), "shapes"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert found == [Result(predictions=GUESSES)] * 8


def test_a_server_that_is_not_there(client, tmp_path):
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:1 does not answer"):
        Client("http://127.0.0.1:1/", patience=0).models()
    with pytest.raises(FileNotFoundError):
        client.submit(tmp_path / "none.png", "shapes")


@pytest.mark.parametrize("url", ["localhost:5000", "ftp://localhost", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_address_is_said(url):
    with pytest.raises(errors.BadSetting, match="is not an address such as"):
        Client(url)


@pytest.mark.parametrize("key", ["kq_1\n", "ключ"])
def test_what_is_no_key_is_said(key):
    with pytest.raises(errors.BadSetting, match="the API key holds what no key has"):
        Client("http://localhost:5000", key)
