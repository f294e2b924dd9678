"""What the servers here share: a PNG becomes pixels, OpenVINO finds probabilities, the three best are the answer.

Its folder is on their PYTHONPATH; MODEL_DIR names the model's.
"""

import io
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

MODEL = Path(os.environ["MODEL_DIR"])
LABELS = json.loads((MODEL / "card.json").read_text())["labels"]
SIZE = (32, 32)


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
    """The model in OpenVINO, with its default precision; several threads may call it at once."""

    def __init__(self, hint: str = "LATENCY", threads: int = 0) -> None:
        """`hint` is OpenVINO's: LATENCY for one batch at a time, THROUGHPUT for several at once; 0 threads are all."""
        import openvino  # not at the top: the peer that runs Keras has no OpenVINO

        options = {"PERFORMANCE_HINT": hint, **({"INFERENCE_NUM_THREADS": threads} if threads else {})}
        self._compiled = openvino.Core().compile_model(MODEL / "openvino.xml", "CPU", options)
        self._thread = threading.local()

    def __call__(self, images: Iterable[np.ndarray]) -> list[dict[str, Any]]:
        if not hasattr(self._thread, "request"):  # a request cannot be shared between threads
            self._thread.request = self._compiled.create_infer_request()
        outputs = self._thread.request.infer([np.stack(list(images))], share_inputs=True, share_outputs=True)
        return answers(outputs[0])
