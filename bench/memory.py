"""Bytes of Redis for an image that waits and for a job that is kept, single and in chunks of 256.

python bench/memory.py            # starts a server of its own
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import redis

from cli.embedded import answers, command, free_port, url
from contract.jobs import CHUNK, Job, Prediction, Result
from contract.queue import make_app, queue_name
from contract.settings import Settings
from contract.store import Store, connect
from contract.submit import Submitter

TOP3 = [Result(predictions=tuple(Prediction(label=each, probability=0.3) for each in ("automobile", "truck", "ship")))]


def used(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])  # type: ignore[index]


def cost(client: redis.Redis, step: Callable[[], None], count: int) -> float:
    before = used(client)
    step()
    return (used(client) - before) / count


def measure(settings: Settings, images: int, jobs: int) -> tuple[float, float]:
    """Bytes a waiting image, and bytes a kept job."""
    client = connect(settings)
    client.execute_command("FLUSHALL", "SYNC")
    store = Store(client, settings)
    submitter = Submitter(store, make_app(settings))
    pixels = np.random.default_rng(0).integers(0, 256, (images, 32, 32, 3), np.uint8)
    kept = [Job(model="cifar10", images=images) for _ in range(jobs)]
    submitter.submit(Job(model="cifar10", images=images), pixels)

    def submit() -> None:
        for committed in [submitter.submit_soon(job, pixels) for job in kept]:
            committed.result()

    waiting = cost(client, submit, jobs * images)
    client.execute_command("FLUSHALL", "SYNC")

    def finish() -> None:
        store.create(kept)
        for job in kept:
            store.finish("cifar10", "0" * 64, [(job.id, 0, images, TOP3 * images)])

    done = cost(client, finish, jobs)
    client.delete(queue_name("cifar10", bulk=False))
    return waiting, done


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = subprocess.Popen(command(Path(folder), port))
        try:
            while not answers(url(port)):
                pass
            for images, jobs in ((1, 5000), (CHUNK, 100)):
                waiting, done = measure(Settings(redis_url=url(port)), images, jobs)
                print(f"jobs of {images}: {waiting:,.0f} bytes a waiting image, {done:,.0f} bytes a kept job")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
