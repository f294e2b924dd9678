"""A folder of images in, a file of results out: `kerasq classify` against what does the same without it.

    python -m bench bulk
    python -m bench bulk --images 1000 --photos 100 --rounds 1

Two kerasq, one in the arithmetic of its peers and one as installed, and Celery's worker run and are warm throughout.
kerasq's time is that of the whole command; a peer's leaves out its start (imports, loading and warming the model, Ray's
cluster), so the ratios favour the peers. The bars are told of whole commands, too.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import bar, environments, pictures, results, valkey, ways
from bench.bar import Bar
from bench.celery_worker import worker
from bench.group import Group
from bench.kerasq import KERASQ as SERVERS
from bench.results import Table
from bench.spread import Spread
from bench.ways import AS_INSTALLED, BARE, CELERY, KERAS, KERASQ, RAY, RESIZE, Run, Way
from contract.settings import ROOT

SMALL, PHOTOS = (KERASQ, AS_INSTALLED, BARE, KERAS, CELERY, RAY), (KERASQ, RESIZE)
#: How many times as fast as a way kerasq must be.
BARS = {BARE: 0.85, KERAS: 1.8, RAY: 4.0, RESIZE: 3.0}
Runs = Mapping[Way, Sequence[Run]]


def main(argv: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench bulk", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=10_000, help="PNGs of 32x32 (%(default)s)")
    parser.add_argument("--photos", type=int, default=1000, help="JPEGs of 2 megapixels (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    options = parser.parse_args(argv)
    if missing := [way.folder for way in SMALL if way.folder and not environments.installed(way.folder)]:
        parser.error(f"{', '.join(missing)}: not installed; `python -m bench install --only {','.join(missing)}`")
    with tempfile.TemporaryDirectory(prefix="kerasq-bench-") as work:
        small, photos = measure(Path(work), options.images, options.photos, options.rounds)
    tables = [
        table(f"{options.images:,} PNGs of 32x32 pixels", small, compared=True),
        table(f"{options.photos:,} photos of 2 megapixels", photos, compared=False),
        bar.table(bars(small, photos)),
    ]
    results.write("bulk", tables, pngs=_raw(small), photos=_raw(photos))
    print("\n\n".join(each.text() for each in tables))


def measure(work: Path, images: int, photos: int, rounds: int) -> tuple[Runs, Runs]:
    """All ways on both folders, in turn, `rounds` times."""
    pngs, jpegs = work / "pngs", work / "photos"
    warm = pictures.write_pngs(work / "warm", 64)
    pictures.write_pngs(pngs, images)
    pictures.write_photos(jpegs, photos)
    with stacks(work, warm[0].read_bytes()) as environs:
        for way in SMALL:
            ways.run(way, warm[0].parent, work / "warm.ndjson", environs.get(way, {}))
        found = [_rounds(SMALL, pngs, images, rounds, environs), _rounds(PHOTOS, jpegs, photos, rounds, environs)]
    return found[0], found[1]


@contextmanager
def stacks(work: Path, image: bytes) -> Iterator[Mapping[Way, Mapping[str, str]]]:
    """Both kerasq and Celery's worker, all up; how kerasq's command and Celery's script find them."""
    with ExitStack() as stack:
        at_kerasq: dict[Way, dict[str, str]] = {}
        for way, server in ((KERASQ, SERVERS["kerasq-wait"]), (AS_INSTALLED, SERVERS["kerasq-as-installed"])):
            state = work / f"kerasq-{len(at_kerasq)}"
            state.mkdir()
            group = stack.enter_context(Group(server, environments.python(None), state))
            group.first_answer(image)
            at_kerasq[way] = {"KERASQ_STATE_DIR": str(state), "REDIS_URL": ""}
        at_celery = {
            "REDIS_URL": stack.enter_context(valkey.running()),
            "MODEL": str(ROOT / "models" / ways.MODEL),
        }
        stack.enter_context(worker(at_celery, work / "celery.log"))
        yield {**at_kerasq, CELERY: at_celery}


def _rounds(
    chosen: Sequence[Way], folder: Path, count: int, rounds: int, environs: Mapping[Way, Mapping[str, str]]
) -> Runs:
    """Raises RuntimeError if a way does not give a result for each image."""
    runs: dict[Way, list[Run]] = {way: [] for way in chosen}
    for number in range(rounds):
        first = number % len(chosen)
        for way in (*chosen[first:], *chosen[:first]):
            run = ways.run(way, folder, folder.with_suffix(".ndjson"), environs.get(way, {}))
            if len(run.labels) != count:
                raise RuntimeError(f"{way.name} gave {len(run.labels):,} results for {count:,} images")
            runs[way].append(run)
    return runs


def faster(runs: Runs, way: Way, *, whole: bool = False) -> Spread | None:
    """How many times as fast as a way kerasq was, each round for itself; `whole` counts the way's start as well."""
    rounds = zip(runs[way], runs[KERASQ], strict=True)
    return Spread.of((its.whole_s if whole else its.seconds) / ours.seconds for its, ours in rounds)


def different(runs: Runs, way: Way) -> int:
    """Images whose first label is another than kerasq's, in the first round."""
    ours, its = runs[KERASQ][0].labels, runs[way][0].labels
    return sum(its.get(file) != label for file, label in ours.items())


def table(title: str, runs: Runs, *, compared: bool) -> Table:
    rows = []
    for way, its in runs.items():
        speed = Spread.of(len(each.labels) / each.seconds for each in its)
        times = [Spread.of(each.seconds for each in its), Spread.of(each.whole_s for each in its)]
        other = [f"{different(runs, way):,}"] if compared else []
        rows.append([way.name, str(speed), *map(str, times), str(faster(runs, way)), *other])
    columns = ["way", "images/s", "s", "s with its start", "kerasq is x times as fast"]
    note = "Median of the rounds (lowest–highest). kerasq's time is the whole command's; a peer's start is left out."
    return Table(title=title, columns=[*columns, *(["other labels"] if compared else [])], rows=rows, note=note)


def bars(small: Runs, photos: Runs) -> list[Bar]:
    """Each bar against the way without its start, and against its whole command."""
    return [
        Bar(
            name=f"kerasq classify / {way.name}{', with its start' if whole else ''}",
            wanted=wanted,
            found=spread.median if (spread := faster(small if way in small else photos, way, whole=whole)) else None,
            unit=" x",
        )
        for whole in (False, True)
        for way, wanted in BARS.items()
    ]


def _raw(runs: Runs) -> dict[str, list[dict[str, float]]]:
    return {
        way.name: [{"seconds": each.seconds, "whole_s": each.whole_s, "images": len(each.labels)} for each in its]
        for way, its in runs.items()
    }


if __name__ == "__main__":
    main(sys.argv[1:])
