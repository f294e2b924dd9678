"""Servers as http.json holds them, with figures that are easily counted."""

from typing import Any


def server(name: str, rates: dict[int, float], *, errors: int = 0, rounds: int = 3) -> dict[str, Any]:
    """`rates`: requests a second for each number of clients; the rounds lie 10 % below and above."""
    return {
        "name": name,
        "engine": "same",
        "durable": False,
        "polls_every_s": None,
        "packages": {name.partition(" ")[0].strip(",").lower(): "1.0"},
        "missing": "",
        "rounds": [
            {
                "first_answer_s": 2.0,
                "memory_bytes": 100 * 2**20,
                "loads": [_load(clients, rate * share, errors) for clients, rate in rates.items()],
            }
            for share in (1.0, 0.9, 1.1)[:rounds]
        ],
    }


def absent(name: str) -> dict[str, Any]:
    return {**server(name, {}, rounds=0), "packages": {}, "missing": "not installed"}


def _load(clients: int, rate: float, errors: int) -> dict[str, Any]:
    return {
        "clients": clients,
        "seconds": 1.0,
        "count": round(rate),
        "errors": errors,
        "requests_s": rate,
        "median_ms": 1000 * clients / rate,
        "p95_ms": 2000 * clients / rate,
        "p99_ms": 3000 * clients / rate,
        "generator_cpu_s": 0.5,
        "server_cpu_s": 1.5,
        "failure": "",
    }
