"""Ray Data: `read_images` into an actor that holds the model, in batches of 256.

PYTHONPATH=bench/peers python bench/peers/bulk-ray/classify.py FOLDER models/cifar10 results.ndjson
"""

import sys
import time
from pathlib import Path

import numpy as np
import openvino
import ray
from ndjson import labels, line

BATCH = 256


class Classifier:
    def __init__(self, model: Path) -> None:
        self._predict = openvino.Core().compile_model(model / "openvino.xml", "CPU")

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"path": batch["path"], "row": self._predict(np.ascontiguousarray(batch["image"]))[0]}


def main(folder: Path, model: Path, output: Path) -> None:
    names = labels(model)
    ray.init(include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    began = time.perf_counter()
    images = ray.data.read_images(str(folder), mode="RGB", include_paths=True)
    answers = images.map_batches(Classifier, fn_constructor_args=(model.resolve(),), batch_size=BATCH, concurrency=1)
    with output.open("w") as out:
        for answer in answers.iter_rows():
            out.write(line(answer["path"], answer["row"], names))
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
