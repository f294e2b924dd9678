from pathlib import Path

import numpy as np
import pytest

from contract import probe
from contract.card import Input
from contract.errors import BadModel

FILE = Path("models/shapes/openvino.xml")


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sample_is_black_white_and_noise_and_always_the_same(channels: int) -> None:
    taken = Input(height=5, width=7, channels=channels)
    pixels = probe.sample(taken)
    assert (pixels.shape, pixels.dtype) == ((4, 5, 7, channels), np.uint8)
    assert (pixels[0].max(), pixels[1].min()) == (0, 255)
    assert len(np.unique(pixels[2:])) > 20
    assert (pixels == probe.sample(taken)).all()


def test_probabilities_pass_also_as_coarse_as_bfloat16() -> None:
    probe.check(FILE, np.full((4, 3), 1 / 3, np.float32), 3)
    probe.check(FILE, np.full((4, 3), 0.3345, np.float32), 3)
    probe.check(FILE, np.eye(4, 3, dtype=np.float32)[[0, 1, 2, 0]], 3)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (np.full((4, 3), 0.5), "expected probabilities, as a softmax gives them, .* sum to 1.5 instead of 1"),
        (np.zeros((4, 3)), "expected probabilities, .* found outputs from 0 on that sum to 0 instead of 1"),
        (np.tile([1.5, -0.5, 0.0], (4, 1)), "expected probabilities, .* found outputs from -0.5 on"),
        (np.full((4, 3), np.nan), "expected probabilities, .* found outputs from nan on that sum to nan"),
        (np.full((4, 4), 0.25), r"expected \(4, 3\) answers to 4 images, found \(4, 4\)"),
        (np.full((4, 3, 1), 1 / 3), r"expected \(4, 3\) answers to 4 images, found \(4, 3, 1\)"),
    ],
)
def test_what_is_no_probability_is_one_sentence(answers: np.ndarray, says: str) -> None:
    with pytest.raises(BadModel, match=rf"^models/shapes/openvino\.xml: {says}"):
        probe.check(FILE, answers.astype(np.float32), 3)
