"""OpenVINO: the engine for a CPU. No TensorFlow in the process."""

import math
from pathlib import Path

import numpy as np
import openvino as ov

from contract.errors import BadModel
from contract.settings import Settings

ENGINE_FILE = "openvino.xml"
INT8_FILE = "openvino-int8.xml"
#: Of int8: the arithmetic of those layers that its file leaves as they were.
_TYPES = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


class OpenVinoEngine:
    """`openvino.xml` or `openvino-int8.xml` with its `.bin`, compiled for throughput of one batch at a time."""

    #: Where a core's caches still hold what passes between two layers.
    piece = 64

    def __init__(self, folder: Path, settings: Settings) -> None:
        runtime = ov.Core()
        precision = settings.precision
        if precision == "auto":
            able = runtime.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            precision = "bfloat16" if "BF16" in able else "float32"
        self.path = folder / (INT8_FILE if precision == "int8" else ENGINE_FILE)
        try:
            model = runtime.read_model(self.path)
            taken, given = model.input(), model.output()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BadModel(f"{self.path}: expected an OpenVINO model, found none that loads ({reason})") from None
        if taken.element_type != ov.Type.u8 or not taken.partial_shape[0].is_dynamic:
            raise BadModel(f"{self.path}: expected an input of uint8 in batches of any size, found {taken}")
        options = {"INFERENCE_PRECISION_HINT": _TYPES[precision], "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
        if settings.engine_threads:
            options["INFERENCE_NUM_THREADS"] = settings.engine_threads
        self._request = runtime.compile_model(model, "CPU", options).create_infer_request()
        self.name = f"openvino {precision}"
        self.input_shape, self.classes = _sizes(taken), math.prod(_sizes(given))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        output = self._request.infer([np.ascontiguousarray(batch)], share_inputs=True, share_outputs=True)
        return np.array(output[0], np.float32)


def _sizes(port: ov.Output) -> tuple[int, ...]:
    """The sizes of one image's tensor, -1 for those that are not fixed."""
    return tuple(size.get_length() if size.is_static else -1 for size in list(port.partial_shape)[1:])
