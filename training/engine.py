"""The OpenVINO engine file of a model: exported by Keras, float32, and compared with Keras on real images."""

import shutil
import tempfile
from pathlib import Path

import keras
import numpy as np
import openvino

from contract.card import ENGINE_FILE
from training.errors import PublishError

FILES = (ENGINE_FILE, "openvino.bin")
#: The largest difference between the two engines' probabilities that is put down to rounding.
TOLERANCE = 1e-5


def demand_exporter() -> None:
    """Raise PublishError where Keras computes on a backend that it exports no OpenVINO file through."""
    if (backend := keras.config.backend()) != "tensorflow":
        raise PublishError(
            f"the OpenVINO file is written through TensorFlow, and Keras runs on {backend}: "
            "train with --no-publish, then publish with KERAS_BACKEND=tensorflow"
        )


def export(model: keras.Model, folder: Path) -> None:
    """Write openvino.xml and openvino.bin: uint8 input, any batch size, weights as they are, one output.

    Raises PublishError on another backend than TensorFlow.
    """
    demand_exporter()
    model.export(str(folder / ENGINE_FILE), format="openvino", verbose=False)
    exported = openvino.Core().read_model(folder / ENGINE_FILE)
    _, *others = exported.get_results()  # such as the sizes that a layer computes on its way
    if others:
        for each in others:
            exported.remove_result(each)
        with tempfile.TemporaryDirectory() as work:  # the file is read while it is written
            openvino.save_model(exported, Path(work) / ENGINE_FILE, compress_to_fp16=False)
            for file in FILES:
                shutil.copyfile(Path(work) / file, folder / file)


def predict(folder: Path, pixels: np.ndarray) -> np.ndarray:
    """float32 probabilities (N, classes) of the exported file for uint8 pixels (N, height, width, 3)."""
    # Without the hint a CPU that has bfloat16 would use it.
    compiled = openvino.Core().compile_model(folder / ENGINE_FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(pixels)[0]


def check(folder: Path, pixels: np.ndarray, expected: np.ndarray) -> None:
    """Raises PublishError unless the file takes uint8 in any batch and gives `expected` (N, classes) for `pixels`."""
    model = openvino.Core().read_model(folder / ENGINE_FILE)
    if len(model.outputs) != 1:
        raise PublishError(f"{ENGINE_FILE}: expected one output, found {len(model.outputs)}")
    taken = model.input(0)
    if taken.element_type != openvino.Type.u8 or not taken.partial_shape[0].is_dynamic:
        raise PublishError(f"{ENGINE_FILE}: expected uint8 in batches of any size, found {taken}")
    for batch in (len(pixels), 1):
        apart = float(np.abs(predict(folder, pixels[:batch]) - expected[:batch]).max())
        # Not `apart >= TOLERANCE`, which a NaN would pass.
        if not apart < TOLERANCE:
            raise PublishError(
                f"{ENGINE_FILE}: probabilities up to {apart:.1e} from Keras's, more than {TOLERANCE:.0e}"
            )
