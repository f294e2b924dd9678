"""A Celery group of one task an image; its worker runs already.

REDIS_URL=... PYTHONPATH=bench/peers python bench/peers/bulk-celery/classify.py FOLDER models/cifar10 results.ndjson
"""

import sys
import time
from pathlib import Path

import numpy as np
from celery import group
from ndjson import labels, line
from tasks import classify


def main(folder: Path, model: Path, output: Path) -> None:
    names = labels(model)
    began = time.perf_counter()
    files = [str(file) for file in sorted(folder.iterdir())]
    rows = group(classify.s(file) for file in files)().get()
    with output.open("w") as out:
        out.writelines(line(file, np.array(row, np.float32), names) for file, row in zip(files, rows, strict=True))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
