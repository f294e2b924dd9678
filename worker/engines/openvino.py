"""OpenVINO: the engine for a CPU. No TensorFlow in the process."""

import math
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov

from contract.card import ENGINE_FILE
from contract.cores import cores
from contract.errors import BadModel
from contract.settings import Settings
from worker.engines.careful import Careful
from worker.engines.engine import Engine

INT8_FILE = "openvino-int8.xml"
#: Images on a lane at once: a core's caches hold what passes between their layers, and little memory is kept for it.
PIECE = 16
#: The same where a batch has more than PIECE for each lane: in bfloat16 twice as many are as many bytes.
LARGE = {"float32": PIECE, "bfloat16": 2 * PIECE, "int8": PIECE}
#: Most lanes; each keeps what passes between its layers.
LANES = 4
#: Of int8: the arithmetic of those layers that its file leaves as they were.
_TYPES = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


class OpenVinoEngine:
    """`openvino.xml` or `openvino-int8.xml` with its `.bin`, on lanes of a core each.

    A batch of at most PIECE images runs on one lane and leaves the other cores to whoever else needs them; pieces of a
    larger one, up to two for each lane, run side by side. So no core ever spins until another one has done its half of
    a layer.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        runtime = ov.Core()
        precision = "float32" if settings.precision == "auto" else settings.precision
        self.path = folder / (INT8_FILE if precision == "int8" else ENGINE_FILE)
        try:
            model = runtime.read_model(self.path)
            taken, given = model.input(), model.output()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BadModel(f"{self.path}: expected an OpenVINO model, found none that loads ({reason})") from None
        if taken.element_type != ov.Type.u8 or not taken.partial_shape[0].is_dynamic:
            raise BadModel(f"{self.path}: expected an input of uint8 in batches of any size, found {taken}")
        threads = settings.engine_threads or cores()
        lanes = min(threads, LANES)
        compiled = runtime.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": _TYPES[precision],
                "NUM_STREAMS": lanes,
                "INFERENCE_NUM_THREADS": threads,
                # A lane that is tied to a core waits there for whoever has it, while another one is idle.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._lanes = [compiled.create_infer_request() for _ in range(lanes)]
        self._large = large = LARGE[precision]
        middle, largest = 2 * PIECE * lanes, 2 * large * lanes
        self.sizes = (
            *(1, 2, *range(4, 2 * PIECE, 4)),
            *range(2 * PIECE, middle + 1, PIECE),
            *range(middle + large, largest + 1, large),
        )
        self.name = f"openvino {precision}"
        self.input_shape, self.classes = _sizes(taken), math.prod(_sizes(given))

    def predict(self, batch: np.ndarray) -> np.ndarray:
        pieces = cut(batch, len(self._lanes), self._large)
        answers: list[np.ndarray] = []
        busy: deque[ov.InferRequest] = deque()
        try:
            for number, piece in enumerate(pieces):
                if number >= len(self._lanes):
                    answers.append(_answer(busy.popleft()))
                lane = self._lanes[number % len(self._lanes)]
                lane.start_async([piece], share_inputs=True)
                busy.append(lane)
            while busy:
                answers.append(_answer(busy.popleft()))
        finally:
            for lane in busy:  # where one failed, none may still run when the next batch comes
                with suppress(Exception):  # the first one's error is told
                    lane.wait()
        return answers[0] if len(answers) == 1 else np.concatenate(answers)


def cut(batch: np.ndarray, lanes: int, large: int) -> list[np.ndarray]:
    """The batch in pieces of PIECE images, or of `large` where it has more than PIECE for each lane."""
    size = large if len(batch) > PIECE * lanes else PIECE
    return [np.ascontiguousarray(batch[first : first + size]) for first in range(0, len(batch), size)]


def _answer(lane: ov.InferRequest) -> np.ndarray:
    lane.wait()
    return np.array(lane.get_output_tensor().data, np.float32)


def open_openvino(folder: Path, settings: Settings) -> Engine:
    """The engine in the arithmetic of the settings; `auto` is the fastest of this CPU that agrees with float32."""
    able = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if settings.precision != "auto" or "BF16" not in able:
        return OpenVinoEngine(folder, settings)
    fast = OpenVinoEngine(folder, replace(settings, precision="bfloat16"))
    return Careful(fast, OpenVinoEngine(folder, replace(settings, precision="float32", engine_threads=1)))


def _sizes(port: ov.Output) -> tuple[int, ...]:
    """The sizes of one image's tensor, -1 for those that are not fixed."""
    return tuple(size.get_length() if size.is_static else -1 for size in list(port.partial_shape)[1:])
