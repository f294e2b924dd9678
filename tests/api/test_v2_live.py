"""NVIDIA's own client for the Open Inference Protocol, against the whole of kerasq."""

import numpy as np
import pytest

from contract.images import decode, open_key
from contract.settings import Settings
from tests.client import call
from tests.stack import Stack

triton = pytest.importorskip("tritonclient.http")
pytestmark = pytest.mark.live


@pytest.fixture
def client(stack: Stack):
    with triton.InferenceServerClient(stack.url.removeprefix("http://"), network_timeout=60) as client:
        yield client


def tensors(pixels):
    given = triton.InferInput("pixels", list(pixels.shape), "UINT8")
    given.set_data_from_numpy(pixels, binary_data=False)
    return [given]


def test_the_server_and_its_models_tell_of_themselves(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("cifar10")
    assert client.get_server_metadata()["name"] == "kerasq"
    assert client.get_model_metadata("cifar10")["inputs"][0]["shape"] == [-1, 32, 32, 3]


@pytest.mark.parametrize("outputs", [[triton.InferRequestedOutput("probabilities", binary_data=False)], None])
def test_infer_gives_what_the_jobs_give(client, stack, outputs):
    pixels = decode(open_key(Settings().images_dir, "truck.jpg"), (32, 32), max_pixels=10**8)
    result = client.infer("cifar10", tensors(np.stack([pixels, pixels])), outputs=outputs, request_id="7")
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (2, 10) and probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-3)
    job = call("POST", f"{stack.url}/cifar10", {"key": "truck.jpg"}, Prefer="wait=30").body
    best = job["results"][0]["predictions"][0]
    assert probabilities[0].max() == pytest.approx(best["probability"], abs=1e-3)
    labels = call("GET", f"{stack.url}/models/cifar10").body["labels"]
    assert labels[probabilities[0].argmax()] == best["label"]


def test_errors_reach_the_caller_in_our_words(client):
    with pytest.raises(triton.InferenceServerException, match="'none' is not a model here"):
        client.infer("none", tensors(np.zeros((1, 32, 32, 3), np.uint8)))
    with pytest.raises(triton.InferenceServerException, match="takes the shape"):
        client.infer("cifar10", tensors(np.zeros((1, 8, 8, 3), np.uint8)))
