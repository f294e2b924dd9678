"""Redis's memory for an image that waits and for a job that is kept; the memory of the whole stack; a worker's start.

python -m bench memory
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import redis

from bench import bar, footprint, results, valkey
from bench.bar import Bar
from bench.results import Table
from bench.spread import Spread, plain
from contract.connection import connect
from contract.jobs import CHUNK, Job, Prediction, Result
from contract.message import pack
from contract.settings import Settings
from contract.store import Store, job_key
from contract.submit import Submitter

#: Images of a job, and jobs of them.
KINDS = ((1, 5000), (CHUNK, 100))
TOP3 = [Result(predictions=tuple(Prediction(label=each, probability=0.3) for each in ("automobile", "truck", "ship")))]


def used(client: redis.Redis) -> int:
    """Bytes, without the buffers of clients, which are large after a large submit and go later."""
    found: Any = client.info("memory")
    return int(found["used_memory"]) - int(found["mem_clients_normal"])


def cost(client: redis.Redis, step: Callable[[], None], count: int) -> float:
    before = used(client)
    step()
    return (used(client) - before) / count


def measure(settings: Settings, images: int, jobs: int) -> tuple[float, float]:
    """Bytes a waiting image, and bytes a kept job."""
    client = connect(settings)
    client.execute_command("FLUSHALL", "SYNC")
    store = Store(client, settings)
    submitter = Submitter(store)
    pixels = np.random.default_rng(0).integers(0, 256, (images, 32, 32, 3), np.uint8)
    kept = [Job(model="cifar10", images=images) for _ in range(jobs)]
    submitter.submit(Job(model="cifar10", images=images), pixels)

    def submit() -> None:
        for committed in [submitter.submit_soon(job, pixels) for job in kept]:
            committed.result()

    waiting = cost(client, submit, jobs * images)
    for job in kept:
        (message,) = pack([(job, pixels)])
        store.finish(message, "0" * 64, [TOP3 * images])
    # Of the records themselves: what the server uses in all still holds the messages' memory for a while.
    done = statistics.mean(store.redis.memory_usage(job_key(job.id), samples=0) for job in kept)
    return waiting, done


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    rounds = parser.parse_args(argv).rounds
    with valkey.running() as url:
        in_redis = {images: measure(Settings(redis_url=url), images, jobs) for images, jobs in KINDS}
    stack = [footprint.stack_bytes() for _ in range(rounds)]
    start = [footprint.worker_start_s() for _ in range(rounds)]
    tables = [redis_table(in_redis), stack_table(stack, start), bar.table(bars(stack, start))]
    results.write("memory", tables, redis_bytes=in_redis, stack_bytes=stack, worker_start_s=start)
    print("\n\n".join(each.text() for each in tables))


def redis_table(found: dict[int, tuple[float, float]]) -> Table:
    rows = [[f"jobs of {images}", *map(plain, each)] for images, each in found.items()]
    return Table(title="Redis", columns=["", "bytes a waiting image", "bytes a kept job"], rows=rows)


def stack_table(stack: Sequence[float], start: Sequence[float]) -> Table:
    rows = [
        ["the whole stack, MB", str(Spread.of(size / 1e6 for size in stack))],
        ["a worker's start to its first answer, s", str(Spread.of(start))],
    ]
    note = (
        "`kerasq up` with `cifar10` and `cifar100`: supervisor, Redis, API and one worker, after both answered 256 "
        "images; proportional set size. The worker loads both models, and a job waits already. Median of the rounds "
        "(lowest–highest)."
    )
    return Table(title="Stack and start", columns=["", "found"], rows=rows, note=note)


def bars(stack: Sequence[float], start: Sequence[float]) -> list[Bar]:
    size = statistics.median(stack) / 1e6
    return [
        Bar(name="the whole stack, both models loaded", wanted=350, found=size, unit=" MB", at_most=True),
        Bar(name="a worker's first answer", wanted=2.0, found=statistics.median(start), unit=" s", at_most=True),
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
