"""kerasq keys: who may use the API."""

from datetime import UTC, datetime

import click

from cli.address import read_settings
from contract import keys as kept
from contract.connection import connect
from contract.store import Store


def _store() -> Store:
    settings = read_settings()
    return Store(connect(settings), settings)


@click.group(short_help="Say who may use the API.")
def keys() -> None:
    """
    \b
    kerasq keys add "the photo team"
    kerasq keys list

    API keys: add, list, revoke. Once one exists, the API asks for one.
    """


@keys.command()
@click.argument("name")
def add(name: str) -> None:
    """Make a key for NAME and print it, this once: only a hash of it is kept."""
    if not name.strip() or not name.isprintable():
        raise click.BadParameter("a name is of letters that can be seen, on one line.", param_hint="NAME")
    store = _store()
    key, token = kept.add(store, name)
    try:
        click.echo(f"{key.name} has the key {key.id}; send it as `Authorization: Bearer <key>`:", err=True)
        click.echo(token)
    except OSError:  # nobody has seen it, and with it the API would ask everybody for one
        kept.revoke(store, key.id)
        raise


@keys.command("list")
def list_() -> None:
    """Each key's id, the day it was made, and its name."""
    for key in kept.every(_store()):
        made = datetime.fromtimestamp(key.created_at, UTC)
        click.echo(f"{key.id}  {made:%Y-%m-%d}  {key.name}")


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """Take the key ID back; the API refuses it within seconds."""
    store = _store()
    kept.revoke(store, key_id)
    click.echo(f"{key_id} is revoked", err=True)
    if not kept.every(store):
        click.echo("no key is left: an API without KERASQ_REQUIRE_KEY=1 now lets in everybody", err=True)
