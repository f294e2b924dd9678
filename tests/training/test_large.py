"""The large networks: their shape, their start, Muon."""

import pytest

pytest.importorskip("keras")

import keras
import numpy as np

from training import networks
from training.fit import build
from training.optimizers import Muon
from training.recipes import RECIPES

NAMES = ("cifar10-large", "cifar100-large")


@pytest.mark.parametrize("name", NAMES)
def test_a_large_network_stays_below_its_bounds(name):
    model = build(RECIPES[name])
    assert model.count_params() <= 3_000_000
    assert networks.multiply_adds(model) <= 130_000_000
    assert model.input_shape == (None, 32, 32, 3)


def test_the_whitened_patches_have_no_correlation_and_one_deviation():
    # Neighbouring pixels alike, as in photos.
    rng = np.random.default_rng(0)
    images = np.repeat(np.repeat(rng.integers(0, 200, (400, 16, 16, 3)), 2, 1), 2, 2)
    images = (images + rng.integers(0, 56, images.shape)).astype(np.uint8)
    model = build(RECIPES["cifar10-large"])
    networks.prepare(model, images)
    kernel = model.get_layer("whiten").get_weights()[0]
    np.testing.assert_array_equal(kernel[..., :12], -kernel[..., 12:])
    patches = np.lib.stride_tricks.sliding_window_view(images / 127.5 - 1, (2, 2), (1, 2)).transpose(0, 1, 2, 4, 5, 3)
    whitened = patches.reshape(-1, 12) @ kernel[..., :12].reshape(12, 12)
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(12), atol=0.05)


def test_a_convolution_begins_by_passing_its_input_on():
    model = build(RECIPES["cifar10-large"])
    networks.prepare(model, np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8))
    conv = model.get_layer("block2_conv2")
    features = np.random.default_rng(1).random((1, 5, 5, 192), np.float32)
    passed = keras.ops.convert_to_numpy(conv(features))
    np.testing.assert_allclose(passed / passed.max(), features / features.max(), atol=1e-5)


def test_muon_turns_a_convolution_s_step_into_an_orthogonal_one():
    layer = keras.layers.Conv2D(8, 3, use_bias=False)
    layer.build((None, 5, 5, 4))
    before = layer.kernel.numpy()
    gradient = np.random.default_rng(0).normal(size=before.shape).astype(np.float32)
    Muon(0.1, weight_decay=None, adam_weight_decay=None, rms_rate=None).apply([gradient], [layer.kernel])
    step = (before - layer.kernel.numpy()).reshape(36, 8) / 0.1
    # Five Newton-Schulz steps bring every singular value to 1 or so, not exactly there.
    assert np.linalg.svd(step, compute_uv=False) == pytest.approx(np.ones(8), abs=0.35)
