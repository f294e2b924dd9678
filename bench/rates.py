"""Images a second of an engine: of ours in this process, of the others in a process of their own environment."""

import os
import subprocess
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from types import TracebackType

import numpy as np

from bench import environments
from bench.environments import PEERS
from contract.settings import ROOT

FOLDER = "bulk-keras"
#: The sizes that an engine is measured at.
BATCHES = (1, 32, 256)
#: TensorFlow at its best on a CPU, of whichever maker.
ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def noise(shape: tuple[int, ...], batch: int) -> np.ndarray:
    """uint8 (batch, *shape), the same every time."""
    return np.random.default_rng(0).integers(0, 256, (batch, *shape), np.uint8)


def rate(
    predict: Callable[[np.ndarray], object], pixels: np.ndarray, seconds: float, batch: int | None = None
) -> float:
    """Images a second of `predict` on `pixels`, `batch` after `batch` or all at once, over `seconds` after a first run.

    One batch again and again could be one that an engine does twice.
    """
    batch = batch or len(pixels)
    batches = cycle([pixels[at : at + batch] for at in range(0, len(pixels) - batch + 1, batch)])
    predict(next(batches))
    runs, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        predict(next(batches))
        runs += 1
    return runs * batch / taken


class OtherRates:
    """Keras's `predict_on_batch` and ONNX Runtime on one model folder, in one process from `with` to its end.

    Between two questions it sleeps.
    """

    def __init__(self, model: Path) -> None:
        script = PEERS / FOLDER / "rates.py"
        self._command = [environments.python(FOLDER), script, model]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "OtherRates":
        environ = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            self._command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def rate(self, engine: str, batch: int, seconds: float) -> float:
        """Images a second of Keras in "float32" or "bfloat16", or of "onnx". Raises RuntimeError if it has ended."""
        assert self._process and self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{engine} {batch} {seconds}\n")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"bench/peers/{FOLDER}/rates.py ended without an answer; what it said is above")
        return float(answer)
