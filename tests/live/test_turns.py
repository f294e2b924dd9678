"""Other requests have their turn while one is being decoded."""

import base64
import io
import threading

import pytest
from PIL import Image

from tests.client import call
from tests.stack import Stack

pytestmark = pytest.mark.live


def test_a_request_of_slow_pictures_leaves_the_others_their_turn(stack: Stack) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (5000, 5000)).save(file, "WEBP", lossless=True)
    images = [{"data": base64.b64encode(file.getvalue()).decode()}] * 8
    answers = []
    slow = threading.Thread(target=lambda: answers.append(call("POST", f"{stack.url}/cifar10", {"images": images})))
    slow.start()
    meanwhile = 0
    while slow.is_alive():
        assert call("GET", f"{stack.url}/healthz").status == 200
        meanwhile += slow.is_alive()
    assert answers[0].status == 202
    assert meanwhile >= 3  # by chance also without a turn: tests/api/test_decoding.py counts those
