"""Post-training quantisation with NNCF: weights and activations become int8, after what the given images do to them.

python bench/peers/int8/quantise.py models/cifar10/openvino.xml images.npy openvino-int8.xml
"""

import sys
from pathlib import Path

import nncf
import numpy as np
import openvino


def ends(model: openvino.Model) -> list[str]:
    """The first convolution and the last dense layer: 2 % of the work, and most of what int8 gets wrong."""
    layers = model.get_ordered_ops()
    first = next(op for op in layers if op.get_type_name() == "Convolution")
    last = next(op for op in reversed(layers) if op.get_type_name() == "MatMul")
    return [first.get_friendly_name(), last.get_friendly_name()]


def main(graph: Path, images: Path, output: Path) -> None:
    """`images` is uint8 (N, height, width, channels); all of them are used."""
    pixels = np.load(images)
    model = openvino.Core().read_model(graph)
    quantised = nncf.quantize(
        model,
        nncf.Dataset(pixels[:, np.newaxis]),
        subset_size=len(pixels),
        # Activations that are not rectified need a zero point.
        preset=nncf.QuantizationPreset.MIXED,
        # Layer after layer, each on what those before it really give: seconds, for 0.14 points of `cifar10`.
        fast_bias_correction=False,
        ignored_scope=nncf.IgnoredScope(names=ends(model)),
    )
    openvino.save_model(quantised, output, compress_to_fp16=False)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
