"""OpenVINO: the engine for a CPU. No TensorFlow in the process."""

from pathlib import Path

import numpy as np
import openvino as ov

from contract.errors import BadModel
from contract.settings import Settings

ENGINE_FILE = "openvino.xml"
_TYPES = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoEngine:
    """`openvino.xml` with its `openvino.bin`, compiled for throughput of one batch at a time."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        runtime = ov.Core()
        precision = settings.precision
        if precision == "auto":
            able = runtime.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            precision = "bfloat16" if "BF16" in able else "float32"
        try:
            model = runtime.read_model(folder / ENGINE_FILE)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BadModel(
                f"{folder / ENGINE_FILE}: expected an OpenVINO model, found none that loads ({reason})"
            ) from None
        options = {"INFERENCE_PRECISION_HINT": _TYPES[precision], "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        if settings.engine_threads:
            options["INFERENCE_NUM_THREADS"] = settings.engine_threads
        self._request = runtime.compile_model(model, "CPU", options).create_infer_request()
        self.name = f"openvino {precision}"
        self.input_shape = tuple(size.get_length() for size in list(model.input().partial_shape)[1:])
        self.classes = model.output().partial_shape[1].get_length()

    def predict(self, batch: np.ndarray) -> np.ndarray:
        output = self._request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True)
        return np.array(output[0], np.float32)
