"""`kerasq api` and `kerasq worker`: the rooms as processes, each by its own module."""

import os
import sys

import click

from cli import embedded
from cli.address import read_settings
from contract.cores import cores
from contract.settings import ROOT, Settings


def command(module: str) -> list[str]:
    """How to run a room. -P: a folder of the user's that is called `api` must not stand in for ours."""
    return [sys.executable, "-P", "-m", module]


def environment(settings: Settings, workers: int = 1) -> dict[str, str]:
    """What the rooms' processes get to see: this Redis, this address, and each worker its share of the cores."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        "KERASQ_ENGINE_THREADS": str(max(1, cores() // workers)),
        # glibc would give each of a worker's threads a heap of its own, which keeps what one batch needed: 9 MB.
        "MALLOC_ARENA_MAX": "2",
        **os.environ,
        "REDIS_URL": settings.redis_url,
        "KERASQ_HOST": settings.host,
        "KERASQ_PORT": str(settings.port),
        "KERASQ_MODELS": settings.models,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
    }


@click.command(short_help="Run the API alone.")
@click.option("--host", help="The address to listen on.  [default: KERASQ_HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.  [default: KERASQ_PORT]")
def api(host: str | None, port: int | None) -> None:
    """
    \b
    kerasq api
    kerasq api --host 0.0.0.0 --port 8080

    Run the API alone.
    """
    environ = environment(read_settings())
    if host is not None:
        environ["KERASQ_HOST"] = host
    if port is not None:
        environ["KERASQ_PORT"] = str(port)
    settings = Settings.from_env(environ)
    embedded.demand_port(settings.host, settings.port, "--port")
    become(command("api"), environ)


@click.command(short_help="Run one worker alone.")
@click.option("--models", metavar="NAME,...", help="The models to serve.  [default: KERASQ_MODELS, or all]")
def worker(models: str | None) -> None:
    """
    \b
    kerasq worker
    kerasq worker --models cifar10

    Run one worker alone.
    """
    become([*command("worker"), *(["--models", models] if models else [])], environment(read_settings()))


def become(words: list[str], environ: dict[str, str]) -> None:
    """Exec: the process keeps its id, so signals and exit code are the room's own."""
    os.execve(words[0], words, environ)  # noqa: S606
