"""A closed loop of clients: each sends its next request when it holds the answer to the last."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from aiohttp import ClientSession

from bench.ask import FAILURES, ask, connected
from bench.peer import Peer

#: Seconds that a client pauses after a failure, so that a server that refuses at once is not merely hammered.
PAUSE = 0.05


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the clients got in the measured time; what was answered before or after it is in no figure."""

    clients: int
    #: The measured time.
    seconds: float
    #: Answers that name a label.
    count: int
    #: Requests that ended in anything else; they are in no other figure.
    errors: int
    requests_s: float
    #: From sending an image to holding its label; None where nothing was answered.
    median_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    #: Processor time of the load generator itself, which shares the machine, and of the server.
    generator_cpu_s: float
    server_cpu_s: float
    #: The first failure, in words.
    failure: str = ""


class _Tally:
    """Counts what ends while it is open."""

    def __init__(self) -> None:
        self.open, self.over = False, False
        self.latencies: list[float] = []
        self.errors, self.failure = 0, ""

    def answered(self, seconds: float) -> None:
        if self.open:
            self.latencies.append(seconds)

    def failed(self, error: BaseException) -> None:
        self.failure = self.failure or f"{type(error).__name__}: {error}".rstrip(": ")
        self.errors += self.open


async def load(
    url: str,
    peer: Peer,
    images: list[bytes],
    *,
    clients: int,
    seconds: float,
    warmup: float,
    server_cpu: Callable[[], float] = lambda: 0.0,
) -> Load:
    """`clients` at once ask for `images` (PNGs), in turn; `server_cpu` tells the server's processor seconds so far."""
    tally = _Tally()
    async with connected(url) as session:
        turns = [images[number % len(images) :] + images[: number % len(images)] for number in range(clients)]
        running = [asyncio.create_task(_client(session, peer, turn, tally)) for turn in turns]
        await asyncio.sleep(warmup)
        before = time.perf_counter(), time.process_time(), server_cpu()
        tally.open = True
        await asyncio.sleep(seconds)
        tally.open, tally.over = False, True
        after = time.perf_counter(), time.process_time(), server_cpu()
        await asyncio.gather(*running)
    took, generator, server = (late - early for early, late in zip(before, after, strict=True))
    return _load(tally, clients, took, generator, server)


async def _client(session: ClientSession, peer: Peer, images: Sequence[bytes], tally: _Tally) -> None:
    for image in cycle(images):
        if tally.over:
            return
        began = time.perf_counter()
        try:
            await ask(session, peer, image)
        except FAILURES as error:
            tally.failed(error)
            await asyncio.sleep(PAUSE)
        else:
            tally.answered(time.perf_counter() - began)


def _load(tally: _Tally, clients: int, seconds: float, generator_cpu_s: float, server_cpu_s: float) -> Load:
    found = np.percentile(tally.latencies, (50, 95, 99)) * 1000 if tally.latencies else (None, None, None)
    median, p95, p99 = (value if value is None else float(value) for value in found)
    return Load(
        clients=clients,
        seconds=seconds,
        count=len(tally.latencies),
        errors=tally.errors,
        requests_s=len(tally.latencies) / seconds,
        median_ms=median,
        p95_ms=p95,
        p99_ms=p99,
        generator_cpu_s=generator_cpu_s,
        server_cpu_s=server_cpu_s,
        failure=tally.failure,
    )
