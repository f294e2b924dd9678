"""A bare loop: Pillow, OpenVINO in batches of 256, NDJSON. No queue.

python bench/peers/bulk-bare/classify.py FOLDER models/cifar10 results.ndjson
"""

import sys
import time
from pathlib import Path

import numpy as np
import openvino
from ndjson import labels, line
from PIL import Image

BATCH = 256


def main(folder: Path, model: Path, output: Path) -> None:
    names = labels(model)
    predict = openvino.Core().compile_model(model / "openvino.xml", "CPU")
    for size in (1, BATCH):
        predict(np.zeros((size, 32, 32, 3), np.uint8))
    began = time.perf_counter()
    files = sorted(folder.iterdir())
    with output.open("w") as out:
        for first in range(0, len(files), BATCH):
            batch = files[first : first + BATCH]
            pixels = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in batch])
            rows = predict(pixels)[0]
            out.writelines(line(str(file), row, names) for file, row in zip(batch, rows, strict=True))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
