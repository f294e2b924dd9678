"""One task an image; each process of the worker has the model."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from classifier import Classifier, decode

REDIS = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"

app = Celery("tasks", broker=REDIS, backend=REDIS)
app.conf.update(
    # A task is done when its result is stored, not when it is taken: one that a worker dies over is run again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Many short tasks: what Celery's guide advises instead of its four.
    worker_prefetch_multiplier=64,
    broker_connection_retry_on_startup=True,
)


@worker_process_init.connect
def load(**_: Any) -> None:
    global classifier
    # A process for each core: more threads would only fight for it.
    classifier = Classifier(threads=1)


@app.task
def classify(content: bytes) -> dict[str, Any]:
    return classifier([decode(content)])[0]
