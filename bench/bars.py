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

#: At 64 clients kerasq must answer so many times as much as a peer; None is only told.
THROUGHPUT: dict[str, float | None] = {
    "flask-celery": 5.0,
    "bentoml-tasks": 8.0,
    "litserve": 1.25,
    "bentoml": 1.5,
    "flask": 1.0,
    "mosec": None,
    "fastapi": None,
}
POLLED = "kerasq-poll"
#: The most that one job alone may take, in ms; and at 16 clients, as a share of what it takes Flask + Celery.
ALONE_MS, SHARE_OF_CELERY = 5.0, 0.5


def table(servers: Mapping[str, Any]) -> Table:
    """A row for each bar; `servers` as http.json holds them."""
    throughput = [each for peer, times in THROUGHPUT.items() for each in _throughput(servers, peer, times)]
    return bar.table([*throughput, *_latency(servers)])


def main(argv: Sequence[str]) -> None:
    argparse.ArgumentParser(
        prog="python -m bench bars", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    found = results.read("http")
    if found is None:
        raise SystemExit("bench/results/http.json is missing; python -m bench http writes it")
    print(table(found["servers"]).text())


def _throughput(servers: Mapping[str, Any], peer: str, times: float | None) -> list[Bar]:
    """Of kerasq that waits; and beside a peer whose clients have to poll, also of kerasq that is polled."""
    polled = servers.get(peer, {}).get("polls_every_s")
    theirs = _median(servers, peer, "requests_s", 64)
    return [
        Bar(
            name=f"answers a second at 64 clients, {_name(servers, way)} / {_name(servers, peer)}",
            wanted=times,
            found=_share(_median(servers, way, "requests_s", 64), theirs),
            unit=" x",
        )
        for way in ((OURS, POLLED) if polled else (OURS,))
    ]


def _latency(servers: Mapping[str, Any]) -> list[Bar]:
    alone = _median(servers, OURS, "median_ms", 1)
    celery = _median(servers, "flask-celery", "median_ms", 16)
    return [
        Bar(name="median of one job, 1 client", wanted=ALONE_MS, found=alone, unit=" ms", at_most=True),
        *(
            Bar(
                name=f"median at 16 clients, {_name(servers, way)} / {_name(servers, 'flask-celery')}",
                wanted=SHARE_OF_CELERY,
                found=_share(_median(servers, way, "median_ms", 16), celery),
                unit=" x",
                at_most=True,
            )
            for way in (OURS, POLLED)
        ),
    ]


def _median(servers: Mapping[str, Any], key: str, what: str, clients: int) -> float | None:
    found = over(servers[key], what, clients) if key in servers else None
    return found.median if found else None


def _share(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours and theirs else None


def _name(servers: Mapping[str, Any], key: str) -> str:
    return str(servers[key]["name"]) if key in servers else key
