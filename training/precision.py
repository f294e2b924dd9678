"""The arithmetic that a network is trained in: float32, or bfloat16 with weights in float32 (`mixed_bfloat16`)."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import openvino

from training.provenance import gpus


def fastest() -> str:
    """`mixed_bfloat16` where GPU or processor multiply in bfloat16; one that imitates it is faster in float32."""
    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "mixed_bfloat16" if gpus() or "BF16" in able else "float32"


@contextmanager
def building(precision: str) -> Iterator[None]:
    """Layers that are made inside compute in `precision`, except where they name another."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
