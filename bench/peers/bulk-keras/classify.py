"""Keras as its guide has it: all images in one array, `predict`, NDJSON.

PYTHONPATH=bench/peers python bench/peers/bulk-keras/classify.py FOLDER models/cifar10 results.ndjson
"""

import sys
import time
from pathlib import Path

import keras
import numpy as np
from ndjson import labels, line
from PIL import Image

BATCH = 256


def main(folder: Path, model: Path, output: Path) -> None:
    names = labels(model)
    network = keras.saving.load_model(model / "model.keras", compile=False)
    network.predict(np.zeros((BATCH, 32, 32, 3), np.uint8), batch_size=BATCH, verbose=0)
    began = time.perf_counter()
    files = sorted(folder.iterdir())
    pixels = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
    rows = network.predict(pixels, batch_size=BATCH, verbose=0)
    with output.open("w") as out:
        out.writelines(line(str(file), row, names) for file, row in zip(files, rows, strict=True))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
