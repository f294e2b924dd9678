"""A bare loop: a picture's pixels, OpenVINO in batches of 256, NDJSON. No queue."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
from ndjson import labels, line

BATCH = 256


def run(pixels: Callable[[Path], np.ndarray]) -> None:
    """`python classify.py FOLDER MODEL OUTPUT`; `pixels` reads one file as uint8 (32, 32, 3)."""
    folder, model, output = map(Path, sys.argv[1:])
    names = labels(model)
    predict = openvino.Core().compile_model(model / "openvino.xml", "CPU")
    for size in (1, BATCH):
        predict(np.zeros((size, 32, 32, 3), np.uint8))
    began = time.perf_counter()
    files = sorted(folder.iterdir())
    with output.open("w") as out:
        for first in range(0, len(files), BATCH):
            batch = files[first : first + BATCH]
            rows = predict(np.stack([pixels(file) for file in batch]))[0]
            out.writelines(line(str(file), row, names) for file, row in zip(batch, rows, strict=True))
    print(time.perf_counter() - began)
