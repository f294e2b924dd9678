import pytest

pytest.importorskip("keras")

import numpy as np

from training import networks
from training.errors import TrainingError
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


def test_to_begin_with_layers_there_must_be_some():
    with pytest.raises(TrainingError, match="no layer of large has the name and the shapes of one of cifar10"):
        networks.copy_layers(build(RECIPES["cifar10-large"]), build(RECIPES["cifar10"]))


def test_widths_and_input():
    model = build(RECIPES["cifar10"])
    assert [layer.filters for layer in model.layers if hasattr(layer, "filters")] == [32, 32, 64, 64, 128, 128]
    assert (model.input_shape, model.input.dtype) == ((None, 32, 32, 3), "uint8")


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
