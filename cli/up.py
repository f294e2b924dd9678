"""`kerasq up`: the whole stack on this machine."""

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import click
import redis

from cli import embedded
from cli.child import Child
from cli.patience import Seconds
from cli.processes import command, environment
from cli.stack import READY, Stack, say
from contract.card import Cards
from contract.connection import connect
from contract.errors import KerasqError, QueueUnavailable
from contract.hosts import bracketed
from contract.presence import present, worker_name
from contract.settings import Settings
from contract.signals import heed


@click.command(short_help="Run it all: Redis, API, workers.")
@click.option("--host", help="The address that the API listens on.  [default: KERASQ_HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="The API's port.  [default: KERASQ_PORT]")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Worker processes.")
@click.option("--models", metavar="NAME,...", help="The models to serve.  [default: KERASQ_MODELS, or all]")
@click.option(
    "--redis-port",
    type=click.IntRange(1, 65535),
    help="The embedded server's port.  [default: the last one, or a free one]",
)
@click.option(
    "--grace",
    type=Seconds(),
    default=30.0,
    show_default=True,
    help="Seconds that workers have to finish what they began.",
)
def up(
    host: str | None, port: int | None, workers: int, models: str | None, redis_port: int | None, grace: float
) -> None:
    """
    \b
    kerasq up
    kerasq up --port 8080 --workers 2 --models cifar10

    Run it all: a Redis, the API and the workers. A process that dies is started again.

    With REDIS_URL set, that Redis is used; else one is embedded, with its data in KERASQ_STATE_DIR.

    Ctrl-C, SIGTERM and SIGHUP stop it in order: the API, the workers once they finished what they began, the server.
    A second Ctrl-C does not wait for the workers.
    """
    if redis_port and os.environ.get("REDIS_URL"):
        raise click.UsageError("--redis-port is for the embedded server, and REDIS_URL names another.")
    settings = Settings.from_env({**os.environ, **_given(host, port, models)})
    connect(settings)  # an address that no client takes ends it here
    cards = Cards(settings.models_dir, settings.models)
    cards.demand()
    embedded.demand_port(settings.host, settings.port, "--port")
    stack = Stack(grace)
    with ExitStack() as held:
        lock = held.enter_context(embedded.alone(settings.state_dir))
        heed(_stopped_by(stack), signal.SIGINT)
        environ = environment(settings, workers)
        server = None if os.environ.get("REDIS_URL") else _server_port(redis_port, settings)
        if server:
            environ["REDIS_URL"] = embedded.url(server)
            held.enter_context(embedded.published(settings.state_dir, environ["REDIS_URL"]))
        held.callback(stack.drain)
        if server:
            stack.run(Child("redis", embedded.command(settings.state_dir, server), os.environ, inherited=(lock,)))
        elif trouble := embedded.trouble(environ["REDIS_URL"]):
            say(f"kerasq: the Redis of REDIS_URL does not answer yet; waiting ({trouble})", err=True)
        if stack.supervise(lambda: embedded.answers(environ["REDIS_URL"])):
            _run(stack, environ, workers, list(cards))


def _given(host: str | None, port: int | None, models: str | None) -> dict[str, str]:
    given = {"KERASQ_HOST": host, "KERASQ_PORT": port, "KERASQ_MODELS": models}
    return {name: str(value) for name, value in given.items() if value is not None}


def _stopped_by(stack: Stack) -> Callable[[int, object], None]:
    """What a signal does: the first stops the stack, a second does not wait for the workers."""

    def stop(number: int, frame: object) -> None:
        if stack.stopping.is_set() and number != signal.SIGHUP:  # a shell and the kernel may both hang up
            stack.hurrying.set()
        stack.stopping.set()

    return stop


def _server_port(redis_port: int | None, settings: Settings) -> int:
    if redis_port == settings.port:
        raise KerasqError(f"--redis-port {redis_port} is the API's port, too")
    if redis_port:
        embedded.demand_port(embedded.HOST, redis_port, "--redis-port")
        embedded.keep_port(settings.state_dir, redis_port)
    return redis_port or embedded.same_port(settings.state_dir, settings.port)


def _run(stack: Stack, environ: Mapping[str, str], workers: int, names: list[str]) -> None:
    """Start API and workers, say when they are ready, and keep them running."""
    settings = Settings.from_env(environ)
    stack.run(Child("api", command("api"), environ))
    stack.run(*(Child(f"worker-{number}", command("worker"), environ) for number in range(1, workers + 1)))
    client = connect(settings)

    def ready() -> bool:
        ours = stack.pids("worker")
        return len(ours) == workers and _ready(client, settings, ours, names)

    if stack.supervise(ready):
        address = f"http://{reachable(settings.host)}:{settings.port}"
        counts = f"{_count(len(names), 'model')}, {_count(workers, 'worker')}"
        say(f"{READY}{address} ({counts})")
        stack.begun = True
        stack.supervise()


def _ready(client: redis.Redis, settings: Settings, workers: set[int], names: list[str]) -> bool:
    """Whether the API and all of these worker processes serve; others may share the Redis."""
    try:
        here = present(client)
    except QueueUnavailable:
        return False
    serving = {each.worker for each in here if set(names) <= set(each.models)}
    ours = {worker_name(pid) for pid in workers}
    return ours <= serving and _healthy(f"http://{reachable(settings.host)}:{settings.port}/healthz")


#: Our own address is reached without the proxy that the environment may name.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _healthy(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def reachable(host: str) -> str:
    return bracketed({"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host))  # noqa: S104


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
