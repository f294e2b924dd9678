"""The main job on real input: real photos over HTTP, real trained models, right labels out."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from contract.settings import Settings
from tests.client import call
from tests.stack import Stack, until

pytestmark = pytest.mark.live
IMAGES = Settings().images_dir


def done(stack: Stack, location: str) -> dict:
    return until(lambda: (body := call("GET", stack.url + location).body)["finished_at"] and body, "the job ends", 20)


@pytest.mark.parametrize("model", ["cifar10", "cifar100"])
def test_one_job_from_key_to_top_three(stack: Stack, model: str) -> None:
    submitted = call("POST", f"{stack.url}/{model}", {"key": "truck.jpg"})
    assert submitted.status == 202
    assert submitted.headers["Location"] == f"/jobs/{submitted.body['id']}"
    assert submitted.headers["Retry-After"] == "1"
    job = done(stack, submitted.headers["Location"])
    assert (job["status"], job["model"], job["images"], job["done"]) == ("succeeded", model, 1, 1)
    (result,) = job["results"]
    assert result["name"] == "truck.jpg"
    probabilities = [each["probability"] for each in result["predictions"]]
    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert [each["percentage"] for each in result["predictions"]] == [round(100 * p, 4) for p in probabilities]


@pytest.mark.parametrize(
    ("model", "key", "label"),
    [
        ("cifar10", "truck.jpg", "truck"),
        ("cifar10", "airplane.jpg", "airplane"),
        ("cifar10", "automobile.jpg", "automobile"),
        ("cifar10", "horse.jpg", "horse"),
        ("cifar100", "bus.jpg", "bus"),
        ("cifar100", "cloud.jpg", "cloud"),
    ],
)
def test_photos_get_their_label(stack: Stack, model: str, key: str, label: str) -> None:
    answer = call("POST", f"{stack.url}/{model}", {"key": key}, Prefer="wait=20")
    assert answer.status == 200
    assert label in [each["label"] for each in answer.body["results"][0]["predictions"]]


def test_key_upload_and_raw_body_agree(stack: Stack) -> None:
    photo = (IMAGES / "dog.jpg").read_bytes()
    multipart = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="dog.jpg"\r\n\r\n' + photo + b"\r\n--x--\r\n"
    )
    answers = [
        call("POST", f"{stack.url}/cifar10", {"key": "dog.jpg"}, Prefer="wait=20"),
        call("POST", f"{stack.url}/cifar10", photo, "image/jpeg", Prefer="wait=20"),
        call("POST", f"{stack.url}/cifar10", multipart, "multipart/form-data; boundary=x", Prefer="wait=20"),
    ]
    assert [answer.status for answer in answers] == [200] * 3
    predictions = [answer.body["results"][0]["predictions"] for answer in answers]
    assert predictions[0] == predictions[1] == predictions[2]
    assert answers[0].headers["Preference-Applied"] == "wait"


def test_many_clients_at_once_each_get_their_own_answer(stack: Stack) -> None:
    colours = [(40 * (n % 6), 50 * (n % 5), 60 * (n % 4)) for n in range(60)]

    def ask(colour: tuple[int, int, int]) -> list[dict]:
        file = io.BytesIO()
        Image.new("RGB", (32, 32), colour).save(file, "PNG")
        answer = call("POST", f"{stack.url}/cifar10", file.getvalue(), "image/png", Prefer="wait=30")
        return answer.body["results"][0]["predictions"]

    with ThreadPoolExecutor(16) as clients:
        together = list(clients.map(ask, colours))
    for colour, answer in zip(colours[::7], together[::7], strict=True):
        alone = ask(colour)
        assert [each["label"] for each in answer] == [each["label"] for each in alone]
        assert answer[0]["probability"] == pytest.approx(alone[0]["probability"], abs=1e-3)


def test_the_answer_names_the_weights(stack: Stack) -> None:
    answer = call("POST", f"{stack.url}/cifar10", {"key": "cat.jpg"}, Prefer="wait=20")
    card = call("GET", f"{stack.url}/models/cifar10")
    assert answer.body["version"] == card.body["version"] == card.body["files"]["model.keras"]


def test_ready_means_that_workers_consume(stack: Stack) -> None:
    ready = call("GET", f"{stack.url}/readyz")
    assert (ready.status, ready.body["missing"]) == (200, [])


def test_the_worker_runs_without_tensorflow(stack: Stack) -> None:
    maps = Path(f"/proc/{stack.workers[0].pid}/maps")
    if not maps.exists():
        pytest.skip("needs Linux's /proc")
    loaded = maps.read_text()
    assert "openvino" in loaded
    assert "site-packages/tensorflow" not in loaded
