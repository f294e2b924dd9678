"""The command line's entry: finds a command, and turns errors into one line and an exit code."""

import importlib
import os
import sys
from typing import Any

import click

from cli.paper import harmless
from contract.errors import TRY_AGAIN, KerasqError, Unauthorized
from contract.signals import heed

#: Each command's module, imported when the command is asked for: a health check must not wait for what others need.
COMMANDS = {
    "classify": "cli.classify",
    "up": "cli.up",
    "demo": "cli.demo",
    "jobs": "cli.jobs",
    "models": "cli.models",
    "train": "cli.train",
    "settings": "cli.settings",
    "health": "cli.health",
    "keys": "cli.keys",
    "api": "cli.processes",
    "worker": "cli.processes",
}
USAGE, UNREACHABLE, INTERRUPTED = 2, 3, 130


class Commands(click.Group):
    """Loads commands on demand; a KerasqError becomes a line on stderr and exit code 2, or 3 for the queue."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KerasqError as error:
            hint = "; KERASQ_KEY or --key gives it" if isinstance(error, Unauthorized) else ""
            click.echo(harmless(f"kerasq: {error}{hint}"), err=True)
            away = isinstance(error, TRY_AGAIN)
            ctx.exit(UNREACHABLE if away else USAGE)
        except BrokenPipeError:  # click's own: whoever read has enough
            raise
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            click.echo(harmless(f"kerasq: {named}{error.strerror or error}"), err=True)
            ctx.exit(USAGE)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="kerasq")
def cli() -> None:
    """
    \b
    kerasq up
    kerasq classify photos/ --model cifar10

    Keras image classifiers behind a message queue.
    """


def main() -> None:
    """The console script. SIGTERM and a terminal that closes end a command as Ctrl-C does: its work is taken back."""
    if sys.stdout is None:  # as `>&-` has it: whoever writes there shall fail
        sys.stdout = open(os.devnull)  # noqa: SIM115, PTH123
    heed(lambda number, _: sys.exit(128 + number))
    cli(prog_name="kerasq")


if __name__ == "__main__":
    main()
