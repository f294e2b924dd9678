"""`kerasq demo`: the main job, end to end, on the sample photos."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from cli import embedded
from cli.output import plain
from cli.stack import READY
from cli.walk import shown
from client import Client
from contract.card import Cards
from contract.errors import BadSetting, KerasqError
from contract.images import is_picture
from contract.jobs import Result
from contract.settings import ROOT, Settings

#: Settings for a server that others use.
OTHERS = frozenset({"REDIS_URL", "KERASQ_REQUIRE_KEY", "KERASQ_RATE_LIMIT"})


@click.command(short_help="Start it all, classify the sample photos, stop.")
def demo() -> None:
    """
    \b
    kerasq demo

    Start an embedded Redis, the API and a worker; send every sample photo over HTTP to every model; print the answers.
    """
    settings = Settings.from_env()
    if not settings.images_dir.is_dir():
        raise BadSetting(f"KERASQ_IMAGES_DIR={str(settings.images_dir)!r} is not a folder")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kerasq-") as folder, _stack(folder) as url:
        click.echo(f"started on {url} in {time.monotonic() - began:.1f} s: Redis, the API, a worker")
        photos = sorted(filter(is_picture, settings.images_dir.iterdir()))
        for model in Cards(settings.models_dir, settings.models):
            sent = time.monotonic()
            results = Client(url).classify(photos, model)
            took = time.monotonic() - sent
            _show(f"POST /{model}: {len(photos)} photos in {took:.2f} s", zip(photos, results, strict=True))


@contextmanager
def _stack(folder: str) -> Iterator[str]:
    """A `kerasq up` of the demo's own; the API's address."""
    log = Path(folder) / "log"
    words = [sys.executable, "-P", "-m", "cli.main", "up", "--port", str(embedded.free_port())]
    environ = {name: value for name, value in os.environ.items() if name not in OTHERS}
    environ |= {"KERASQ_STATE_DIR": folder, "PYTHONPATH": str(ROOT)}
    with (
        log.open("w") as errors,
        subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True) as up,
    ):
        try:
            said = up.stdout.readline() if up.stdout else ""
            if not said.startswith(READY):
                raise KerasqError(f"the stack did not start: {log.read_text().strip()}")
            yield said.removeprefix(READY).split()[0]
        finally:
            up.terminate()


def _show(title: str, results: Iterable[tuple[Path, Result]]) -> None:
    table = Table("photo", "first, %", "second, %", "third, %", title=title, title_justify="left")
    for photo, result in results:
        said = [result.error[0]] if result.error else [f"{e.label} {e.percentage:.4f}" for e in result.predictions]
        table.add_row(*(plain(each) for each in (shown(photo.name), *said)))
    console = Console()
    console.print(table, width=max(console.width, 96))
