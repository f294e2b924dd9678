"""What the servers here share: a PNG becomes pixels, an engine finds probabilities, the three best are the answer.

Its folder is on their PYTHONPATH; MODEL_DIR names the model's, and ENGINE what runs it: openvino unless it is set, int8
(OpenVINO with 8-bit weights) or onnx (ONNX Runtime with ONNX_FILE).
"""

import io
import json
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MODEL = Path(os.environ["MODEL_DIR"])
LABELS = json.loads((MODEL / "card.json").read_text())["labels"]
SIZE = (32, 32)
#: From pixels, uint8 (N, height, width, 3), to probabilities (N, classes).
Predict = Callable[[np.ndarray], np.ndarray]


def decode(content: bytes) -> np.ndarray:
    """uint8 (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB").resize(SIZE, Image.Resampling.BOX))


def answers(probabilities: Iterable[np.ndarray]) -> list[dict[str, Any]]:
    """One for each row of probabilities."""
    return [
        {"predictions": [{"label": LABELS[index], "probability": float(row[index])} for index in row.argsort()[:-4:-1]]}
        for row in probabilities
    ]


class Classifier:
    """The model in its engine, with the default precision; several threads may call it at once."""

    def __init__(self, hint: str = "LATENCY", threads: int = 0) -> None:
        """`hint` is OpenVINO's: LATENCY for one batch at a time, THROUGHPUT for several at once; 0 threads are all."""
        self._predict = ENGINES[os.environ.get("ENGINE", "openvino")](hint, threads)

    def __call__(self, images: Iterable[np.ndarray]) -> list[dict[str, Any]]:
        return answers(self._predict(np.stack(list(images))))


# Engines are imported where they are begun: the peer that runs Keras has none of them.


def _openvino(hint: str, threads: int, file: str = "openvino.xml") -> Predict:
    import openvino

    options = {"PERFORMANCE_HINT": hint, **({"INFERENCE_NUM_THREADS": threads} if threads else {})}
    compiled = openvino.Core().compile_model(MODEL / file, "CPU", options)
    own = threading.local()

    def predict(pixels: np.ndarray) -> np.ndarray:
        if not hasattr(own, "request"):  # a request cannot be shared between threads
            own.request = compiled.create_infer_request()
        return own.request.infer([pixels], share_inputs=True, share_outputs=True)[0]

    return predict


def _int8(hint: str, threads: int) -> Predict:
    return _openvino(hint, threads, "openvino-int8.xml")


def _onnx(hint: str, threads: int) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Of several requests at once each has a core; it has no hint that says so.
    options.intra_op_num_threads = threads or (1 if hint == "THROUGHPUT" else 0)
    session = onnxruntime.InferenceSession(os.environ["ONNX_FILE"], options, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    return lambda pixels: session.run(None, {taken.name: pixels})[0]


ENGINES: dict[str, Callable[[str, int], Predict]] = {"openvino": _openvino, "int8": _int8, "onnx": _onnx}
