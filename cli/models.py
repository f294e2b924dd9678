"""`kerasq models`: the cards, how many workers serve them and images wait for them now, and another one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from cli.add import add
from cli.address import read_settings
from cli.paper import harmless, paper
from contract.card import Card, Cards
from contract.connection import connect
from contract.errors import QueueUnavailable
from contract.presence import present, serving
from contract.settings import Settings
from contract.store import Store

#: Digits of a version that people get to see, and in a table.
DIGITS, SHORT = 12, 8


class Shown(click.Group):
    """A group whose command is `show` unless its first word is another's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["show", *args])


@click.group(cls=Shown, short_help="List the models; show one; add one.")
def models() -> None:
    """
    \b
    kerasq models
    kerasq models cifar10 --json
    kerasq models add digits.keras --name digits --labels labels.txt

    List the models, show one's card, or add one.
    """


models.add_command(add)


@models.command(short_help="List the models; show one. The word can be left out.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(name: str | None, as_json: bool) -> None:
    """
    \b
    kerasq models
    kerasq models show cifar10 --json

    List the models, or show one's card.
    """
    settings = read_settings()
    cards = Cards(settings.models_dir, settings.models)
    cards.demand()
    if name:
        _show_one(cards[name], as_json)
    else:
        _show_all(cards, queues(settings, list(cards)), as_json)


def queues(settings: Settings, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many workers serve each model now, and how many of its images wait; {} while Redis is away."""
    store = Store(connect(settings), settings)
    try:
        workers = serving(present(store.redis))
        return {name: (workers[name], store.waiting(name)) for name in names}
    except QueueUnavailable as error:
        click.echo(f"kerasq: {error}", err=True)
        return {}


def _show_all(cards: Mapping[str, Card], queues: Mapping[str, tuple[int, int]], as_json: bool) -> None:
    rows = [summary(card, *queues.get(card.name, (None, None))) for card in cards.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("name", no_wrap=True)
    for column in ("classes", "input", "accuracy", "parameters", "version", "workers", "waiting"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["name"],
            str(row["classes"]),
            " x ".join(map(str, row["input"])),
            _or_dash(row["accuracy"], ".2%"),
            _or_dash(row["parameters"], ",d"),
            row["version"][:SHORT],
            _or_dash(row["workers"], "d"),
            _or_dash(row["waiting"], ",d"),
        )
    paper().print(table)


def summary(card: Card, workers: int | None, waiting: int | None) -> dict[str, Any]:
    """A model in one line; None where it is not known."""
    return {
        "name": card.name,
        "classes": len(card.labels),
        "input": list(card.input.shape),
        "accuracy": card.metrics.get("test", {}).get("accuracy"),
        "parameters": card.parameters.get("total"),
        "version": card.version[:DIGITS],
        "workers": workers,
        "waiting": waiting,
    }


def _or_dash(value: float | int | None, form: str) -> str:
    return "—" if value is None else format(value, form)


def _show_one(card: Card, as_json: bool) -> None:
    facts = asdict(card)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(f"{card.name}: {len(card.labels)} classes, input {' x '.join(map(str, card.input.shape))}")
    click.echo(f"version {card.version}")
    if card.limits:
        click.echo(harmless(f"limits {card.limits}"))
    for title in ("parameters", "metrics", "training", "files"):
        _section(title, facts[title])
    click.echo(f"\nlabels\n  {harmless(', '.join(card.labels))}")


def _section(title: str, facts: Mapping[str, Any], indent: str = "") -> None:
    if facts:
        click.echo(f"{'' if indent else chr(10)}{indent}{harmless(title)}")
    for name, value in facts.items():
        if isinstance(value, dict):
            _section(name, value, indent + "  ")
        else:
            number = f"{value:,}" if isinstance(value, int) else value
            click.echo(harmless(f"{indent}  {name}: {number}"))
