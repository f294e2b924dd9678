"""The bars that kerasq as a server is held to, beside what http.json says of each.

python -m bench bars
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from bench import bar, results
from bench.bar import Bar
from bench.figures import OURS, over
from bench.results import Table

#: At 64 clients, the better of kerasq's two ways must answer so many times as much as a peer; None is only told.
THROUGHPUT: dict[str, float | None] = {
    "flask-celery": 5.0,
    "bentoml-tasks": 8.0,
    "litserve": 1.25,
    "bentoml": 1.5,
    "flask": 1.0,
    "mosec": None,
    "fastapi": None,
}
WAYS = (OURS, "kerasq-poll")
#: The most that one job alone may take, in ms; and at 16 clients, as a share of what it takes Flask + Celery.
ALONE_MS, SHARE_OF_CELERY = 5.0, 0.5


def table(servers: Mapping[str, Any]) -> Table:
    """A row for each bar; `servers` as http.json holds them."""
    return bar.table([*(_throughput(servers, peer, times) for peer, times in THROUGHPUT.items()), *_latency(servers)])


def main(argv: Sequence[str]) -> None:
    argparse.ArgumentParser(
        prog="python -m bench bars", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    found = results.read("http")
    if found is None:
        raise SystemExit("bench/results/http.json is missing; python -m bench http writes it")
    print(table(found["servers"]).text())


def _throughput(servers: Mapping[str, Any], peer: str, times: float | None) -> Bar:
    ours = max((rate for key in WAYS if (rate := _median(servers, key, "requests_s", 64))), default=None)
    found = _share(ours, _median(servers, peer, "requests_s", 64))
    name = f"answers a second at 64 clients, kerasq / {_name(servers, peer)}"
    return Bar(name=name, wanted=times, found=found, unit=" x")


def _latency(servers: Mapping[str, Any]) -> list[Bar]:
    alone = _median(servers, OURS, "median_ms", 1)
    share = _share(_median(servers, OURS, "median_ms", 16), _median(servers, "flask-celery", "median_ms", 16))
    beside = f"median at 16 clients, kerasq / {_name(servers, 'flask-celery')}"
    return [
        Bar(name="median of one job, 1 client", wanted=ALONE_MS, found=alone, unit=" ms", at_most=True),
        Bar(name=beside, wanted=SHARE_OF_CELERY, found=share, unit=" x", at_most=True),
    ]


def _median(servers: Mapping[str, Any], key: str, what: str, clients: int) -> float | None:
    found = over(servers[key], what, clients) if key in servers else None
    return found.median if found else None


def _share(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours and theirs else None


def _name(servers: Mapping[str, Any], key: str) -> str:
    return str(servers[key]["name"]) if key in servers else key
