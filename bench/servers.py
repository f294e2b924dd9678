"""kerasq and its peers as HTTP servers: how many answers a second, how soon, for how much memory and processor.

    python -m bench http                                      # what is installed, three rounds
    python -m bench http --only kerasq-wait,flask --rounds 1 --seconds 2

One picture, one request, one answer. Round after round over all servers, each started anew, so that whatever the
machine does meanwhile happens to all. Writes bench/results/http.json after every round.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import bars, environments, figures, results
from bench.group import Group, NotUp
from bench.kerasq import KERASQ
from bench.load import load
from bench.peer import Peer
from bench.peers import PEERS
from bench.pictures import pngs

PICTURES = 256


def main(argv: Sequence[str]) -> None:
    options = _options(argv)
    images = pngs(PICTURES)
    servers = {key: _described(peer) for key, peer in options.peers.items()}
    for key in (key for key, server in servers.items() if server["missing"]):
        print(f"{key}: {servers[key]['missing']}; python -m bench install --only {options.peers[key].folder}")
    for number in range(1, options.rounds + 1):
        for key in (key for key, server in servers.items() if not server["missing"]):
            print(f"round {number} of {options.rounds}, {key}", flush=True)
            servers[key]["rounds"].append(measure(options.peers[key], images, options))
        save(servers, options)
    print("\n\n".join(table.text() for table in figures.tables(servers)))


def measure(peer: Peer, images: list[bytes], options: argparse.Namespace) -> dict[str, Any]:
    """One round of one server: seconds to its first answer, a Load for each number of clients, bytes afterwards.

    Of a server that does not come up only the reason, as `failure`.
    """
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        try:
            with Group(peer, environments.python(peer.folder), Path(folder)) as group:
                first = group.first_answer(images[0])
                print(f"  first answer after {first:.2f} s", flush=True)
                loads = [_loaded(group, peer, images, clients, options) for clients in options.concurrency]
                return {"first_answer_s": first, "memory_bytes": group.memory(), "loads": loads}
        except NotUp as error:
            print(f"  {error}", file=sys.stderr)
            return {"failure": str(error)}


def save(servers: Mapping[str, Any], options: argparse.Namespace) -> Path:
    """Write bench/results/http.json: tables and plots, and the figures of every round."""
    tables = [*figures.tables(servers), bars.table(servers)]
    settings = {name: getattr(options, name) for name in ("rounds", "seconds", "warmup", "concurrency")}
    raw = {"settings": settings, "servers": servers, "figures": figures.summary(servers)}
    return results.write("http", tables, figures.plots(servers), **raw)


def chosen(parser: argparse.ArgumentParser, only: str | None, everybody: Mapping[str, Peer]) -> dict[str, Peer]:
    """Those of `everybody` that `only` names, or all; ends the command for one that is not there."""
    wanted = only.split(",") if only else list(everybody)
    if unknown := [name for name in wanted if name not in everybody]:
        parser.error(f"{', '.join(unknown)}: no such server; there are {', '.join(everybody)}")
    return {name: everybody[name] for name in wanted}


def _loaded(group: Group, peer: Peer, images: list[bytes], clients: int, options: argparse.Namespace) -> dict[str, Any]:
    times = {"seconds": options.seconds, "warmup": options.warmup}
    found = asyncio.run(load(group.url, peer, images, clients=clients, **times, server_cpu=group.cpu_s))
    words = f"  clients {clients}: {found.requests_s:.0f} requests/s, median {found.median_ms or 0:.1f} ms"
    print(f"{words}, {found.errors} errors {found.failure}".rstrip(), flush=True)
    return asdict(found)


def _described(peer: Peer) -> dict[str, Any]:
    there = environments.installed(peer.folder)
    return {
        "name": peer.name,
        "engine": peer.engine,
        "durable": peer.durable,
        "polls_every_s": peer.interval if peer.poll else None,
        "packages": environments.packages(peer.folder) if there else {},
        "missing": "" if there else "not installed",
        "rounds": [],
    }


def _options(argv: Sequence[str]) -> argparse.Namespace:
    everybody = {**KERASQ, **PEERS}
    parser = argparse.ArgumentParser(
        prog="python -m bench http", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="NAME,...", help=f"of {', '.join(everybody)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured, for each number of clients")
    parser.add_argument("--warmup", type=float, default=3.0, help="seconds before them")
    parser.add_argument("--concurrency", type=_numbers, default=(1, 16, 64), metavar="N,...", help="clients at once")
    options = parser.parse_args(argv)
    options.peers = chosen(parser, options.only, everybody)
    return options


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))
