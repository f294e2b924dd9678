"""The pipeline: while some files are read, others wait for their answers, and answers come out in the files' order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event

from cli.carrier import Carrier
from cli.decode import Chunk
from contract.card import Input
from contract.cores import cores
from contract.jobs import CHUNK, Result

#: Chunks that are being read before one of them may be sent.
AHEAD = 2
#: Seconds after which a wait for an answer is told to `idle`.
IDLE = 2.0
Answered = Sequence[tuple[str, Result]]


class Window:
    """At most `width` jobs are under way and AHEAD chunks are read, however many files there are."""

    def __init__(
        self, carrier: Carrier, taken: Input, *, max_pixels: int, width: int, idle: Callable[[], None] = lambda: None
    ) -> None:
        self._carrier, self._taken, self._max_pixels, self._width, self._idle = carrier, taken, max_pixels, width, idle
        self._reading: deque[Chunk] = deque()
        self._flying: deque[tuple[Chunk, str | None]] = deque()
        self._over = Event()

    def answers(self, files: Iterable[str]) -> Generator[Answered]:
        """Every file with its result, a chunk at a time."""
        names = iter(files)
        pool = ThreadPoolExecutor(cores(), thread_name_prefix="decode")
        try:
            while True:
                self._read_ahead(names, pool)
                if self._reading and len(self._flying) < self._width:
                    self._send(self._reading.popleft())
                    yield from self._landed(wait=False)
                elif self._flying:
                    yield from self._landed(wait=True)
                else:
                    return
        finally:
            self._over.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _read_ahead(self, names: Iterator[str], pool: ThreadPoolExecutor) -> None:
        while len(self._reading) < AHEAD and (files := list(islice(names, CHUNK))):
            chunk = Chunk(files, self._taken)
            chunk.begin(pool, self._max_pixels, self._over)
            self._reading.append(chunk)

    def _send(self, chunk: Chunk) -> None:
        pixels = chunk.pixels()
        self._flying.append((chunk, self._carrier.send(pixels) if len(pixels) else None))

    def _landed(self, *, wait: bool) -> Iterator[Answered]:
        """What has been answered, oldest first; if `wait`, once the oldest has been."""
        while self._flying:
            chunk, job_id = self._flying[0]
            results: Sequence[Result] | None = ()
            if job_id:
                results = self._carrier.fetch(job_id, IDLE if wait else 0.0)
            if results is None:
                if not wait:
                    return
                self._idle()
                continue
            self._flying.popleft()
            wait = False
            yield _merged(chunk, results)


def _merged(chunk: Chunk, results: Sequence[Result]) -> Answered:
    """The chunk's files with their results; those of bad images are their errors."""
    good = iter(results)
    return [
        (file, Result(error=chunk.errors[position]) if position in chunk.errors else next(good))
        for position, file in enumerate(chunk.files)
    ]
