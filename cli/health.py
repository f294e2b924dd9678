"""`kerasq health`: whether jobs would be answered, as an exit code for whoever starts containers."""

import socket
import sys

import click

from cli.address import read_settings
from contract.card import Cards
from contract.connection import connect
from contract.errors import KerasqError
from contract.presence import present, serving


@click.command(short_help="Exit 0 if jobs would be answered.")
@click.option("--worker", "this_host", is_flag=True, help="Only ask whether a worker on this host consumes.")
def health(this_host: bool) -> None:
    """
    \b
    kerasq health
    kerasq health --worker

    Exit 0 if Redis answers and every model has a worker that consumes; else say what is missing and exit 1.
    """
    try:
        missing = complaint(this_host)
    except KerasqError as error:
        missing = str(error)
    if missing:
        click.echo(f"kerasq: {missing}", err=True)
        sys.exit(1)
    click.echo("healthy")


def complaint(this_host: bool) -> str | None:
    """What is wrong, in one sentence; None if nothing is."""
    settings = read_settings()
    here = present(connect(settings))
    if this_host:
        name = socket.gethostname()
        if any(each.host == name for each in here):
            return None
        return f"no worker on this host ({name}) consumes"
    models = list(Cards(settings.models_dir, settings.models))
    served = serving(here)
    missing = [model for model in models if not served[model]]
    if missing:
        return f"no worker serves {', '.join(missing)}"
    return None if models else f"{settings.models_dir} holds no model"
