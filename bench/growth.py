"""What grows with what waits: the time of a job, the worker's speed, Redis's memory; and the command line's memory.

    python -m bench growth
    python -m bench growth --lengths 1000,10000 --files 1000 --rounds 1

The queue holds jobs of one image each. The longest default length takes 4 GB of memory and of disk.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import bar, peak, results, valkey
from bench.backlog import Backlog
from bench.bar import Bar
from bench.drain import drain
from bench.results import Plot, Table
from bench.spread import Spread

LENGTHS = (1000, 10_000, 100_000, 1_000_000)
FILES = (1000, 10_000, 100_000)
#: Turns of the lengths; in each, urgent jobs whose submit is timed, and jobs whose submits together are.
TURNS, SINGLE, TOGETHER = 4, 50, 1024
#: The share of a length by which it is exceeded: Redis puts off enlarging a hash table while it rewrites its
#: append-only file, and moves what was in it along with the submits that follow.
SETTLING = 16
#: How much a figure may grow, or a speed shrink, from the shortest to the longest.
FLAT = 1.2


@dataclass(frozen=True, kw_only=True)
class At:
    """One round at one length."""

    submit_ms: float
    submits_s: float
    drain_images_s: float
    answer_ms: float
    #: Of Redis, for each image that waits.
    bytes_an_image: float


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lengths", type=_numbers, default=LENGTHS, metavar="N,...", help="images that wait")
    parser.add_argument("--files", type=_numbers, default=FILES, metavar="N,...", help="files in a folder")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of draining at each length (%(default)s)")
    options = parser.parse_args(argv)
    rounds = [measure(options.lengths, options.seconds) for _ in range(options.rounds)]
    with tempfile.TemporaryDirectory(prefix="kerasq-bench-") as folder:
        peaks = peak.measure(Path(folder), options.files, options.rounds)
    tables = [queue_table(rounds), files_table(peaks), bar.table(bars(rounds, peaks))]
    raw = {length: [asdict(each[length]) for each in rounds] for length in options.lengths}
    results.write("growth", tables, plots(rounds), queue=raw, files_peak_bytes=peaks)
    print("\n\n".join(each.text() for each in tables))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(map(int, text.split(","))))


def measure(lengths: Sequence[int], seconds: float) -> dict[int, At]:
    """One round: a server of its own for each length, all of them full before the first submit is timed.

    The lengths have their submits in turn, so that a slow minute of the machine is one for all of them.
    """
    with ExitStack() as servers:
        urls = {length: servers.enter_context(valkey.running()) for length in lengths}
        backlogs = {length: Backlog(url) for length, url in urls.items()}
        each = {length: _filled(backlog, length) for length, backlog in backlogs.items()}
        for length, backlog in backlogs.items():
            backlog.rest()
            backlog.grow(length + length // SETTLING)
            backlog.rest()
        turns = [{length: _turn(backlog) for length, backlog in backlogs.items()} for _ in range(TURNS)]
        drained = {
            length: drain(backlog, urls[length], backlog.waiting(), seconds) for length, backlog in backlogs.items()
        }
    return {
        length: At(
            submit_ms=statistics.median(ms for turn in turns for ms in turn[length][0]),
            submits_s=TOGETHER / statistics.median(turn[length][1] for turn in turns),
            drain_images_s=drained[length].images_s,
            answer_ms=drained[length].answer_ms,
            bytes_an_image=each[length],
        )
        for length in lengths
    }


def _filled(backlog: Backlog, length: int) -> float:
    """The bytes that Redis takes for each of `length` images."""
    backlog.submit_ms(1)
    used = backlog.used_bytes()
    backlog.grow(length)
    return (backlog.used_bytes() - used) / length


def _turn(backlog: Backlog) -> tuple[list[float], float]:
    """Milliseconds of each of SINGLE submits, one after another, and seconds of TOGETHER at once."""
    return backlog.submit_ms(SINGLE), backlog.grow(backlog.waiting() + TOGETHER)


def over(rounds: Sequence[dict[int, At]], length: int, figure: str) -> Spread:
    found = Spread.of(getattr(each[length], figure) for each in rounds)
    assert found
    return found


def queue_table(rounds: Sequence[dict[int, At]]) -> Table:
    columns = {
        "submit_ms": "submit of one, ms",
        "submits_s": "submits/s",
        "drain_images_s": "drained, images/s",
        "answer_ms": "an urgent job's answer, ms",
        "bytes_an_image": "Redis, bytes an image",
    }
    rows = [[f"{length:,}", *(str(over(rounds, length, each)) for each in columns)] for length in rounds[0]]
    note = (
        "Median of the rounds (lowest–highest). Each length on a Redis of its own, all of them full, and a "
        f"{SETTLING}th more, which moves its hash tables. Submits are timed in turn and without a worker; then each "
        "queue is kept at its length while one worker drains it, and the urgent job goes ahead of what waits."
    )
    return Table(title="Jobs of one image that wait", columns=["waiting", *columns.values()], rows=rows, note=note)


def files_table(peaks: dict[int, list[int]]) -> Table:
    rows = [[f"{count:,}", str(Spread.of(size / 2**20 for size in found))] for count, found in peaks.items()]
    return Table(title="`kerasq classify`, by files in the folder", columns=["files", "peak memory, MiB"], rows=rows)


def bars(rounds: Sequence[dict[int, At]], peaks: dict[int, list[int]]) -> list[Bar]:
    first, *_, last = rounds[0]

    def growth(name: str, figure: str, *, speed: bool = False) -> Bar:
        short, long = over(rounds, first, figure).median, over(rounds, last, figure).median
        title = f"{name}, {last:,} : {first:,} waiting"
        return Bar(name=title, wanted=FLAT, found=short / long if speed else long / short, unit=" x", at_most=True)

    sizes = {count: statistics.median(found) for count, found in peaks.items()}
    small, large = min(sizes), max(sizes)
    redis = over(rounds, last, "bytes_an_image").median / 1024
    return [
        growth("time of a submit", "submit_ms"),
        growth("time of many submits", "submits_s", speed=True),
        growth("the worker's time for an image", "drain_images_s", speed=True),
        growth("time to an urgent job's answer", "answer_ms"),
        Bar(name=f"Redis for an image, {last:,} waiting", wanted=4.5, found=redis, unit=" KiB", at_most=True),
        Bar(
            name=f"memory of kerasq classify, {large:,} : {small:,} files",
            wanted=FLAT,
            found=sizes[large] / sizes[small],
            unit=" x",
            at_most=True,
        ),
    ]


def plots(rounds: Sequence[dict[int, At]]) -> list[Plot]:
    figures = {"submit of one": "submit_ms", "an urgent job's answer": "answer_ms"}
    lines = {name: [(at, over(rounds, at, each).median) for at in rounds[0]] for name, each in figures.items()}
    title = "Time of a job, by how many wait"
    return [Plot(file="growth.png", title=title, kind="lines", x="images that wait", y="median, ms", lines=lines)]


if __name__ == "__main__":
    main(sys.argv[1:])
