"""One task an image; each process of the worker has the model.

REDIS_URL=... MODEL=$PWD/models/cifar10 celery --workdir bench/peers/bulk-celery -A tasks worker
"""

import os
from pathlib import Path

import celery
import numpy as np
import openvino
from celery.signals import worker_process_init
from PIL import Image

app = celery.Celery("bulk", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@worker_process_init.connect
def load(**_: object) -> None:
    global predict
    model = Path(os.environ["MODEL"]) / "openvino.xml"
    # A process for each core: more threads would only fight for it.
    predict = openvino.Core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})


@app.task
def classify(file: str) -> list[float]:
    pixels = np.asarray(Image.open(file).convert("RGB"))
    return predict(pixels[np.newaxis])[0][0].tolist()
