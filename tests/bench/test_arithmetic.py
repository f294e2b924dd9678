"""Multiply-adds, by hand and from the graph."""

import numpy as np
import openvino as ov
import pytest
from openvino import opset13

from bench import arithmetic, engines
from contract.settings import ROOT


def test_a_convolution_is_its_kernel_at_each_place() -> None:
    """8 filters of 3x3x3 on 30x30 places: 216 weights, 900 times."""
    pixels = opset13.parameter([-1, 3, 32, 32], ov.Type.f32)
    filters = opset13.constant(np.zeros((8, 3, 3, 3), np.float32))
    features = opset13.convolution(pixels, filters, [1, 1], [0, 0], [0, 0], [1, 1])
    assert arithmetic.multiply_adds(ov.Model([features], [pixels])) == 194_400


@pytest.mark.parametrize(
    ("name", "dense"),
    [
        ("cifar10", 2048 * 512 + 512 * 10),
        ("cifar100", 2048 * 1024 + 1024 * 512 + 512 * 100),
    ],
)
def test_the_networks_are_as_the_original_has_them(name: str, dense: int) -> None:
    """Two convolutions of 3x3 to each of 32, 64 and 128 channels, on 32, 16 and 8 pixels a side; the dense layers."""
    convolutions = sum(
        9 * taken * given * side * side
        for taken, given, side in [(3, 32, 32), (32, 32, 32), (32, 64, 16), (64, 64, 16), (64, 128, 8), (128, 128, 8)]
    )
    assert arithmetic.multiply_adds(arithmetic.read(ROOT / "models" / name)) == convolutions + dense


RATES = {
    "OpenVINO float32": {1: [100.0, 100.0], 32: [200.0, 200.0], 256: [1000.0, 3000.0]},
    "Keras float32": {1: [50.0, 50.0], 32: [100.0, 100.0], 256: [500.0, 1000.0]},
}


def test_ratios_are_of_rates_of_the_same_round() -> None:
    ratio = engines.to_keras(RATES, "OpenVINO float32", 256)
    assert ratio and (ratio.lowest, ratio.median, ratio.highest) == (2.0, 2.5, 3.0)


def test_without_bfloat16_its_bars_cannot_be_measured() -> None:
    assert [bar.met for bar in engines.bars_of(RATES, {"float32": [0.7, 0.7]})] == [None, None]
    row = engines.table_of("cifar10", RATES).rows[-1]
    assert row[0] == "OpenVINO bfloat16"
    assert "this CPU has no bfloat16 arithmetic" in row


def test_with_bfloat16_they_are() -> None:
    rates = {**RATES, "OpenVINO bfloat16": {1: [1.0, 1.0], 32: [1.0, 1.0], 256: [2000.0, 4000.0]}}
    bars = engines.bars_of(rates, {"bfloat16": [0.7, 0.8]})
    assert [bar.found for bar in bars] == [4.0, 0.75]
    assert [bar.met for bar in bars] == [True, False]
