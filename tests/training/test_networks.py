import pytest

pytest.importorskip("keras")

import numpy as np

from training import networks
from training.fit import build
from training.recipes import RECIPES

BLOCK = ["Conv2D", "BatchNormalization", "Conv2D", "BatchNormalization", "MaxPooling2D", "Dropout"]
TRUNK = ["InputLayer", "Rescaling", *BLOCK * 3, "Flatten"]
HEADS = {
    "cifar10": ["Dense", "Dropout", "Dense"],
    "cifar100": ["Dense", "Dropout", "Dense", "BatchNormalization", "Dropout", "Dense"],
}


@pytest.mark.parametrize(
    ("name", "total", "trainable", "fixed"),
    [("cifar10", 1_343_018, 1_342_122, 896), ("cifar100", 2_965_124, 2_963_204, 1_920)],
)
def test_the_original_s_layers_and_parameters(name, total, trainable, fixed):
    model = build(RECIPES[name])
    assert [type(layer).__name__ for layer in model.layers] == TRUNK + HEADS[name]
    assert model.count_params() == total
    assert sum(int(np.prod(each.shape)) for each in model.trainable_weights) == trainable
    assert sum(int(np.prod(each.shape)) for each in model.non_trainable_weights) == fixed


def test_widths_and_input():
    model = build(RECIPES["cifar10"])
    assert [layer.filters for layer in model.layers if hasattr(layer, "filters")] == [32, 32, 64, 64, 128, 128]
    assert (model.input_shape, model.input.dtype) == ((None, 32, 32, 3), "uint8")


def test_the_convolutions_are_copied_and_the_head_is_left():
    source, target = build(RECIPES["cifar100"]), build(RECIPES["cifar10"])
    head = target.get_layer("hidden1").get_weights()
    networks.copy_convolutions(source, target)
    copied = [layer.name for layer in target.layers if layer.name.startswith("block") and layer.weights]
    assert len(copied) == 12
    for name in copied:
        for ours, theirs in zip(*(each.get_layer(name).get_weights() for each in (target, source)), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for now, before in zip(target.get_layer("hidden1").get_weights(), head, strict=True):
        np.testing.assert_array_equal(now, before)
    with pytest.raises(ValueError, match="block1_conv1"):
        networks.copy_convolutions(build(RECIPES["cifar10-large"]), target)


def test_baselines_share_dataset_and_network_with_what_ships():
    for name in ("cifar10", "cifar100"):
        assert RECIPES[f"{name}-baseline"].network is RECIPES[name].network
        assert RECIPES[f"{name}-baseline"].dataset == RECIPES[name].dataset == name


def test_multiply_adds_are_those_of_the_layers():
    assert networks.multiply_adds(build(RECIPES["cifar10"])) == (
        32 * 32 * 9 * (3 * 32 + 32 * 32)
        + 16 * 16 * 9 * (32 * 64 + 64 * 64)
        + 8 * 8 * 9 * (64 * 128 + 128 * 128)
        + 2048 * 512
        + 512 * 10
    )
