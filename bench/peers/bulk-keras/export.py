"""The network as ONNX, as Keras exports it, for those who would rather run that.

PYTHONPATH=. python bench/peers/bulk-keras/export.py models/cifar10 cifar10.onnx
"""

import sys
from pathlib import Path

import keras
import numpy as np


def export(folder: Path, file: Path) -> None:
    """Write the model of `folder` into `file`: uint8 (N, height, width, channels) in, probabilities out."""
    model = keras.saving.load_model(folder / "model.keras")
    model(np.zeros((1, *model.input_shape[1:]), np.uint8))  # Keras exports no model that was never called
    model.export(file, format="onnx", verbose=False)


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
