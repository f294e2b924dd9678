"""`kerasq jobs`: what is, and was lately, on the queue."""

import json
import time

import click
from click.core import ParameterSource

from cli.address import read_settings
from cli.paper import harmless, paper
from contract.connection import connect
from contract.jobs import Record
from contract.plain import plain
from contract.store import Store


@click.command(short_help="List jobs; show, cancel or forget one.")
@click.argument("job_id", metavar="[ID]", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most jobs to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: each job as the API has it.")
@click.option("--cancel", is_flag=True, help="Take the job back: what has not run will not.")
@click.option("--forget", is_flag=True, help="Delete the job and its results.")
@click.pass_context
def jobs(context: click.Context, job_id: str | None, limit: int, as_json: bool, cancel: bool, forget: bool) -> None:
    """
    \b
    kerasq jobs
    kerasq jobs 0192f3c4-5d6e-7f80-9a1b-2c3d4e5f6071 --cancel

    List the newest jobs, or show, cancel or forget one.
    """
    if (cancel or forget) and not job_id:
        raise click.UsageError("--cancel and --forget need the ID of a job.")
    if job_id and context.get_parameter_source("limit") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--limit is for the list; it does nothing with the ID of a job.")
    if as_json and (cancel or forget):
        raise click.UsageError("--json cannot be combined with --cancel or --forget, which print nothing of the job.")
    if cancel and forget:
        raise click.UsageError("--cancel or --forget, not both; a job that is forgotten is cancelled too.")
    settings = read_settings()
    store = Store(connect(settings), settings)
    if job_id and cancel:
        store.cancel(job_id)
        click.echo(f"job {job_id} is cancelled")
    elif job_id and forget:
        store.forget(job_id)
        click.echo(f"job {job_id} is forgotten")
    elif job_id:
        _show_one(store.get(job_id), as_json)
    else:
        _show_all(store.page(limit)[0], as_json)


def _show_all(records: list[Record], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([plain(record, results=False) for record in records], indent=2))
        return
    if not records:
        click.echo("no jobs")
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("id", no_wrap=True)
    for name in ("model", "status"):
        table.add_column(name)
    for name in ("done", "age"):
        table.add_column(name, justify="right")
    for record in records:
        done = f"{record.done_images:,}/{record.job.images:,}"
        table.add_row(record.job.id, record.job.model, record.status, done, age(time.time() - record.job.submitted_at))
    paper().print(table)


def _show_one(record: Record, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plain(record), indent=2))
        return
    for name, value in plain(record, results=False).items():
        if value is not None:
            click.echo(harmless(f"{name:13} {value}"))
    for position, result in enumerate(record.results):
        name = record.job.names[position] if record.job.names else f"#{position + 1}"
        if result is None:
            words = "-"
        elif result.error:
            words = ": ".join(result.error)
        else:
            words = ", ".join(f"{each.label} {each.probability:.1%}" for each in result.predictions)
        click.echo(harmless(f"{name}  {words}"))


def age(seconds: float) -> str:
    """Rounded down to the largest unit that fits: 59 s, 3 min, 2 h, 1 d."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
