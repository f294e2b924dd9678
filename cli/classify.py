"""`kerasq classify`: files and folders through the queue, results out in the files' order."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import click
from rich.console import Console

from cli.address import read_settings
from cli.lock import locked
from cli.output import Csv, Ndjson, Output, Table, unwritable
from cli.paper import harmless, paper
from cli.patience import Patience, Seconds
from cli.progress import Tally, shown_on
from cli.resume import Done, resume
from cli.walk import shown, walk
from cli.ways import HttpWay, RedisWay, Way
from cli.window import Window
from contract.card import Card
from contract.errors import KerasqError
from contract.images import SUFFIXES
from contract.jobs import TOP

#: Columns of a table that no terminal shows: all of them are filled, and most names fit.
WIDE = 240
FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@click.command(short_help="Classify image files and folders.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, readable=False))
@click.option("--model", required=True, metavar="NAME", help="The model to ask; `kerasq models` lists them.")
@click.option("--top", type=click.IntRange(min=1), help=f"Predictions for each image.  [default: {TOP}, or all]")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results to this file; - is stdout.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "ndjson", "csv"]),
    help="Default: by the suffix of -o (.csv, else ndjson); table on a terminal, ndjson in a pipe.",
)
@click.option("--resume/--no-resume", "resuming", default=True, help="Go on with the file of -o, or write it anew.")
@click.option("--window", type=click.IntRange(1, 1000), default=8, show_default=True, help="Jobs under way at once.")
@click.option(
    "--patience",
    type=Seconds(),
    default=60.0,
    show_default=True,
    help="Seconds to try again when the queue is full or away.",
)
@click.option("--url", metavar="URL", help="Ask the server there over HTTP, such as http://localhost:5000.")
@click.option("--key", metavar="KEY", help="The API key for --url; better set KERASQ_KEY.")
@click.pass_context
def classify(
    context: click.Context,
    paths: tuple[str, ...],
    model: str,
    top: int | None,
    output: Path | None,
    form: str | None,
    resuming: bool,
    window: int,
    patience: float,
    url: str | None,
    key: str | None,
) -> None:
    """
    \b
    kerasq classify photos/ --model cifar10
    kerasq classify photos/ extra.jpg --model cifar100 --top 5 -o results.csv
    kerasq classify photos/ --model cifar10 --url http://localhost:5000

    Classify image files, and those in folders. A file that fails is reported and the rest go on.

    With -o, a run that was stopped goes on where it was: give the same command again, with PATH spelled the same.
    Failed files are then tried again.

    Exit codes: 0 all done; 1 some failed; 2 wrong usage; 3 the queue or server is full or away; 130 Ctrl-C.
    """
    output = None if output == Path("-") else output
    settings = read_settings()
    if key and not url:
        raise click.UsageError("--key is for --url; the queue asks for none.")
    stderr = Log(stderr=True)
    say = stderr.say
    patient = Patience(patience, say, heed=url is not None)
    way: Way = RedisWay(settings, model, patient) if url is None else HttpWay(url, key or settings.key, model, patient)
    classes = len(way.card.labels)
    top = min(TOP, classes) if top is None else top
    if top > classes:
        raise click.BadParameter(f"{model} has {classes} classes.", param_hint="--top")
    form = _form(form, output)
    warn = _warner(way.served, model, say)
    tally, left = Tally(), Counter[str]()
    with ExitStack() as stack:
        done, sink = _open(stack, output, form, resuming=resuming, card=way.card, top=top, stderr=stderr)
        stack.enter_context(_parting(say, output, resuming=resuming))
        carrier = stack.enter_context(closing(way.carrier(top)))
        update = stack.enter_context(shown_on(stderr, tally))
        pipeline = Window(carrier, way.card.input, max_pixels=settings.max_pixels, width=window, idle=warn)
        for rows in stack.enter_context(closing(pipeline.answers(tally.count(walk(paths, left), done)))):
            sink.write(rows)
            tally.add(rows)
            update()
    if not tally.found + tally.skipped:
        say(f"no image files found; those of a folder end in {', '.join(sorted(SUFFIXES))}")
    if left:
        say(f"left out because of their kind: {_kinds(left)}")
    say(tally.summary())
    sys.exit(1 if tally.failed else 0)


class Log(Console):
    """A console whose reader may go: the run must outlive it."""

    def say(self, words: str) -> None:
        with suppress(OSError):
            self.print(words, markup=False, highlight=False, soft_wrap=not self.is_terminal)

    def on_broken_pipe(self) -> None:
        self.quiet = True


def _kinds(left: Counter[str]) -> str:
    """The commonest suffixes, with how many files have each."""
    named = [f"{harmless(shown(suffix)) or 'without suffix'} {count:,}" for suffix, count in left.most_common(5)]
    return ", ".join([*named, *(["..."] if len(left) > 5 else [])])


def _form(form: str | None, output: Path | None) -> str:
    if output and form == "table":
        raise click.UsageError("A table is for reading on a terminal; with -o use --format csv or ndjson.")
    if form:
        return form
    if output:
        return FORMATS.get(output.suffix.lower(), "ndjson")
    return "table" if sys.stdout.isatty() else "ndjson"


def _warner(served: Callable[[], bool], model: str, say: Callable[[str], None]) -> Callable[[], None]:
    """Say once that no worker serves the model, now or later. Raises QueueUnavailable now if the queue is away."""
    said = False

    def look() -> None:
        nonlocal said
        if not said and not served():
            said = True
            say(f"no worker serves {model} yet; waiting")

    def look_later() -> None:
        try:
            look()
        except KerasqError:  # whoever waits for the answers deals with a queue that went away
            return

    look()
    return look_later


@contextmanager
def _parting(say: Callable[[str], None], output: Path | None, *, resuming: bool) -> Iterator[None]:
    """What there is to say after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here" if output and resuming else "stopped")
        raise


def _open(
    stack: ExitStack, output: Path | None, form: str, *, resuming: bool, card: Card, top: int, stderr: Console
) -> tuple[Done, Output]:
    """Where results go, and what is there already."""
    if form == "table":
        # Both on one terminal: the table goes through the console that has the bar, which then stays below it.
        shared = stderr.is_terminal and sys.stdout.isatty()
        return Done(), Table(stderr if shared else paper(WIDE), card.labels, top)
    done, fresh = Done(), True
    file: IO[bytes] = sys.stdout.buffer
    if output:
        held = stack.enter_context(_alone(output))
        if resuming and output.is_file():
            done = resume(output, form, card.name, top)
            fresh = output.stat().st_size == 0
            if not os.path.samestat(os.fstat(held.fileno()), output.stat()):  # another file took its place
                stack.enter_context(_alone(output))
        file = stack.enter_context(_opened(output, "wb" if fresh else "ab"))
    return done, Csv(file, card.name, top, header=fresh) if form == "csv" else Ndjson(file, card.name)


@contextmanager
def _alone(output: Path) -> Iterator[IO[bytes]]:
    """Hold the output's lock. Raises KerasqError where another run has it, or nothing can be written there."""
    try:
        file: IO[bytes] = output.open("ab")
    except OSError as error:
        raise unwritable(output, error) from None
    with file:
        if output.is_file() and not locked(file):
            raise KerasqError(f"{output}: another run writes to it")
        yield file


@contextmanager
def _opened(output: Path, mode: str) -> Iterator[IO[bytes]]:
    try:
        file: IO[bytes] = output.open(mode)
    except OSError as error:
        raise unwritable(output, error) from None
    try:
        yield file
    finally:
        try:
            file.close()
        except OSError as error:  # what the disk had no room for is still to be written
            raise unwritable(output, error) from None
