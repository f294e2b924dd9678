"""What the rounds of the servers come to: a Spread for each figure, and the tables and plots of them.

Here a server is what http.json holds of it under `servers`: its description, and its rounds.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from bench.results import Plot, Table
from bench.spread import Spread, plain

Server = Mapping[str, Any]
#: The figures of a Load that are summed up.
OF_A_LOAD = ("requests_s", "median_ms", "p95_ms", "p99_ms")
OURS = "kerasq-wait"


def over(server: Server, what: str, clients: int) -> Spread | None:
    """A figure under load over all rounds; None where no round has it."""
    return Spread.of(each[what] for each in _loads(server, clients))


def processor_ms(server: Server, clients: int) -> Spread | None:
    """Processor time a request over all rounds."""
    loads = _loads(server, clients)
    return Spread.of(load["server_cpu_s"] * 1000 / load["count"] for load in loads if load["count"])


def once(server: Server, what: str) -> Spread | None:
    """A figure that a round has once."""
    return Spread.of(each.get(what) for each in server["rounds"])


def ratio(ours: Spread | None, theirs: Spread | None) -> str:
    """How many times as much; a dash where one is not known."""
    return f"{ours.median / theirs.median:.2f}" if ours and theirs and theirs.median else "–"


def levels(servers: Mapping[str, Server]) -> list[int]:
    """The numbers of clients, in order."""
    rounds = [each for server in servers.values() for each in server["rounds"]]
    return sorted({load["clients"] for each in rounds for load in each.get("loads", [])})


def summary(servers: Mapping[str, Server]) -> dict[str, Any]:
    """Server -> clients -> figure -> median, lowest, highest."""
    return {
        key: {
            clients: {what: asdict(found) for what in OF_A_LOAD if (found := over(server, what, clients))}
            for clients in levels(servers)
        }
        for key, server in servers.items()
    }


def tables(servers: Mapping[str, Server]) -> list[Table]:
    return [_throughput(servers), _latency(servers), _costs(servers), _versions(servers)]


def plots(servers: Mapping[str, Server]) -> list[Plot]:
    """Requests a second at the most clients as bars; median latency against clients as lines."""
    if not levels(servers):
        return []
    most = levels(servers)[-1]
    rates = {each["name"]: found for each in servers.values() if (found := over(each, "requests_s", most))}
    lines = {
        each["name"]: [(n, found.median) for n in levels(servers) if (found := over(each, "median_ms", n))]
        for each in servers.values()
    }
    return [
        Plot(
            file="http-throughput.png",
            title=f"Answers a second, {most} clients",
            kind="bars",
            x="requests/s: median of the rounds, lowest and highest",
            bars={name: (found.median, found.lowest, found.highest) for name, found in rates.items()},
        ),
        Plot(
            file="http-latency.png",
            title="Time to the answer",
            kind="lines",
            x="clients",
            y="median latency, ms",
            lines={name: points for name, points in lines.items() if points},
        ),
    ]


def _throughput(servers: Mapping[str, Server]) -> Table:
    def cell(server: Server, clients: int) -> str:
        return _words(over(server, "requests_s", clients))

    most = max(levels(servers), default=0)
    ours = over(servers[OURS], "requests_s", most) if OURS in servers else None
    return Table(
        title="Answers a second",
        columns=["server", "engine", "durable", *_clients(servers), f"kerasq, wait / it, at {most}", "errors"],
        rows=[
            [
                server["name"],
                server["engine"],
                "yes" if server["durable"] else "no",
                *_cells(servers, server, cell),
                ratio(ours, over(server, "requests_s", most)),
                _errors(server),
            ]
            for server in servers.values()
        ],
        note="Median of the rounds (lowest–highest). Errors are counted, and are in no other figure.",
    )


def _latency(servers: Mapping[str, Server]) -> Table:
    def cell(server: Server, clients: int) -> str:
        found = [over(server, what, clients) for what in ("median_ms", "p95_ms", "p99_ms")]
        return " / ".join(plain(each.median if each else None) for each in found)

    return Table(
        title="Time to the answer, ms: median / p95 / p99",
        columns=["server", *_clients(servers)],
        rows=[[server["name"], *_cells(servers, server, cell)] for server in servers.values()],
        note="From sending the image to holding its label; medians of the rounds. A client that polls pays its pause.",
    )


def _costs(servers: Mapping[str, Server]) -> Table:
    most = max(levels(servers), default=0)

    def row(server: Server) -> list[str]:
        loads = _loads(server, most)
        each = processor_ms(server, most)
        generator = Spread.of(load["generator_cpu_s"] / load["seconds"] for load in loads)
        memory = Spread.of(size / 2**20 for at in server["rounds"] if (size := at.get("memory_bytes")))
        return [server["name"], *map(_words, (once(server, "first_answer_s"), memory, each, generator))]

    return Table(
        title="What it takes",
        columns=["server", "first answer, s", "memory, MiB", "processor a request, ms", "load generator, cores"],
        rows=[row(server) for server in servers.values()],
        note="First answer: from the start of the first process, database included. Memory: proportional set size of "
        "all processes after the load; kerasq has all its models loaded. Processor and load generator: at "
        f"{most} clients; the generator shares the machine.",
    )


def _versions(servers: Mapping[str, Server]) -> Table:
    named: dict[str, list[str]] = {}
    for server in servers.values():
        packages = ", ".join(f"{name} {number}" for name, number in server["packages"].items())
        named.setdefault(packages or "–", []).append(server["name"])
    rows = [["; ".join(names), packages] for packages, names in named.items()]
    return Table(title="Versions", columns=["server", "packages"], rows=rows)


def _loads(server: Server, clients: int) -> list[dict[str, Any]]:
    return [load for each in server["rounds"] for load in each.get("loads", []) if load["clients"] == clients]


def _clients(servers: Mapping[str, Server]) -> list[str]:
    return [f"{number} client{'' if number == 1 else 's'}" for number in levels(servers)]


def _cells(servers: Mapping[str, Server], server: Server, cell: Callable[[Server, int], str]) -> list[str]:
    """A cell for each number of clients, or why there is nothing to say."""
    failed = server["rounds"] and all("failure" in each for each in server["rounds"])
    why = server["missing"] or ("did not start" if failed else "")
    return [why or cell(server, number) for number in levels(servers)]


def _errors(server: Server) -> str:
    loads = [load for each in server["rounds"] for load in each.get("loads", [])]
    errors, count = sum(load["errors"] for load in loads), sum(load["count"] for load in loads)
    return f"{errors:,} ({errors / (errors + count):.2%})" if errors else "0" if loads else "–"


def _words(found: Spread | None) -> str:
    return str(found) if found else "–"
