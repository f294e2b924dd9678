"""`kerasq settings`: the table of all settings, from the code that reads them."""

import re
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

import click

from cli.address import read_settings
from cli.paper import paper
from contract.settings import ROOT, Settings, variable

HIDDEN = "***"
#: The passwords in an address: the server's, and that of a key for TLS.
SECRET = re.compile(r"(//[^:/@]*:).*(?=@)|(ssl_password=)[^&]*")
COLUMNS = ("name", "variable", "value", "default", "meaning")


@click.command(short_help="List all settings.")
@click.option("--markdown", is_flag=True, help="Print the table for the docs, without this machine's values.")
def settings(markdown: bool) -> None:
    """
    \b
    kerasq settings
    KERASQ_PORT=8080 kerasq settings

    List all settings: each is read from an environment variable.
    """
    if markdown:
        click.echo(markdown_table())
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for column in COLUMNS:
        table.add_column(column, overflow="fold", no_wrap=column in ("name", "variable"))
    for row in rows():
        table.add_row(*map(escape, row))
    paper().print(table)


def rows() -> list[tuple[str, str, str, str, str]]:
    """COLUMNS of each setting, as they are here and now."""
    now = read_settings()
    return [
        (each.name, variable(each), _shown(each, now), _plain(each.default), _meaning(each.metadata))
        for each in fields(Settings)
    ]


def markdown_table() -> str:
    """Variable, default and meaning of each setting."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for each in fields(Settings):
        cells = (f"`{variable(each)}`", f"`{_plain(each.default)}`", _meaning(each.metadata).replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(setting: Field[Any], now: Settings) -> str:
    """The value, without what is secret in it: people show this table to others."""
    value = str(getattr(now, setting.name))
    if setting.metadata["secret"]:
        return HIDDEN if value else ""
    return SECRET.sub(rf"\1\2{HIDDEN}", value) if setting.name == "redis_url" else value


def _plain(default: object) -> str:
    """The default as people write it: a folder is named from the root of the project."""
    return str(default).replace(f"{ROOT}/", "")


def _meaning(metadata: Mapping[str, Any]) -> str:
    choices = metadata["choices"]
    meaning: str = metadata["meaning"]
    return f"{meaning} One of: {', '.join(choices)}." if choices else meaning
