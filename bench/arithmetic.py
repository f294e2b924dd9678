"""How much a network computes, by which kernels, and how much this processor can compute at most."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13

#: Rows and columns of the matrices whose product shows the processor's peak.
SIDE = 2048
#: Products of which the fastest counts.
TRIES = 6
#: What a table says where `can("BF16")` is false.
NO_BFLOAT16 = "this CPU has no bfloat16 arithmetic"
#: Layers that multiply: all others together are less than a hundredth of the work.
LAYERS = ("Convolution", "FullyConnected", "MatMul")


def multiply_adds(model: ov.Model) -> int:
    """Those of one image in convolutions and dense layers, as if the padding around a picture were multiplied, too."""
    return sum(_of(op) for op in model.get_ops())


def _of(op: ov.Node) -> int:
    if op.get_type_name() == "Convolution":
        places = [size.get_length() for size in list(op.get_output_partial_shape(0))[2:]]
        return int(np.prod(op.get_input_shape(1)) * np.prod(places))
    return int(np.prod(op.get_input_shape(1))) if op.get_type_name() == "MatMul" else 0


def compiled(model: ov.Model, precision: str) -> ov.CompiledModel:
    """`precision` is OpenVINO's name of it, "f32" or "bf16"."""
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"})


def kernels(model: ov.CompiledModel, batch: int) -> list[str]:
    """The kernels of the layers that multiply, by OpenVINO's names (`brgconv_avx2_f32`), each once."""
    pixels = model.input(0).get_partial_shape()
    model([np.zeros((batch, *(size.get_length() for size in list(pixels)[1:])), np.uint8)])
    facts = [op.get_rt_info() for op in model.get_runtime_model().get_ops()]
    names = [_word(each, "primitiveType") for each in facts if _word(each, "layerType") in LAYERS]
    return list(dict.fromkeys(names[::-1]))


def _word(facts: ov.RTMap, name: str) -> str:
    return str(facts[name].value) if name in facts else ""


def peaks(precision: str) -> dict[str, float]:
    """GFLOP/s of the fastest of a few products of two large square matrices on all cores, by who multiplies."""
    generator = np.random.default_rng(0)
    left, right = (generator.random((SIDE, SIDE), np.float32) for _ in range(2))
    taken = opset13.parameter([SIDE, SIDE], ov.Type.f32)
    product = ov.Model([opset13.matmul(taken, opset13.constant(right), False, False)], [taken])
    request = compiled(product, precision).create_infer_request()
    found = {"OpenVINO": _fastest(lambda: request.infer([left], share_inputs=True, share_outputs=True))}
    if precision == "f32":
        found["NumPy's BLAS"] = _fastest(lambda: left @ right)
    return found


def _fastest(multiply: Callable[[], object]) -> float:
    times = []
    for _ in range(TRIES):
        began = time.perf_counter()
        multiply()
        times.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(times) / 1e9


def can(precision: str) -> bool:
    """Whether this CPU computes in a precision of OpenVINO's, such as "BF16"."""
    return precision in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def read(folder: Path) -> ov.Model:
    return ov.Core().read_model(folder / "openvino.xml")
