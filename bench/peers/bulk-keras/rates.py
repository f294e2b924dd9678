"""Images a second of Keras and of ONNX Runtime: reads lines of "ENGINE BATCH SECONDS", answers each with a number.

echo "float32 32 1" | PYTHONPATH=. python bench/peers/bulk-keras/rates.py models/cifar10

"float32" and "bfloat16" are the worker's Keras engine; "onnx" is the same model as Keras exports it.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
from export import export

from bench.rates import noise, rate
from contract.settings import Settings
from worker.engines.keras import KerasEngine


def main(folder: Path) -> None:
    engines = {each: KerasEngine(folder, replace(Settings(), precision=each)) for each in ("float32", "bfloat16")}
    shape = engines["float32"].input_shape
    predicts = {name: engine.predict for name, engine in engines.items()} | {"onnx": exported(folder)}
    for line in sys.stdin:
        name, batch, seconds = line.split()
        print(rate(predicts[name], noise(shape, int(batch)), float(seconds)), flush=True)


def exported(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    with tempfile.TemporaryDirectory() as place:
        export(folder, file := Path(place) / "model.onnx")
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    return lambda pixels: session.run(None, {taken.name: pixels})[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
