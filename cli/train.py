"""`kerasq train`, and whatever else runs in the training room: a process of its own, where the extra is installed."""

import os
from collections.abc import Sequence
from importlib.util import find_spec

import click

from cli.address import read_settings
from cli.processes import become, command, environment
from contract.errors import KerasqError

TENSORFLOW = "tensorflow"
#: What a recipe needs from the extra, apart from what Keras runs on.
NEEDED = ("keras", "matplotlib", "scipy", "sklearn")


@click.command(short_help="Train a model by its recipe.", context_settings={"ignore_unknown_options": True})
@click.option("--list", "list_", is_flag=True, help="Name the recipes and stop.")
@click.argument("words", metavar="NAME [OPTIONS]", nargs=-1, type=click.UNPROCESSED)
def train(words: Sequence[str], list_: bool) -> None:
    """
    \b
    kerasq train --list
    kerasq train cifar100
    kerasq train cifar100 --epochs 3 --no-publish

    Train the recipe NAME, or go on where that was interrupted, and publish models/NAME.

    \b
    --epochs N      instead of the recipe's
    --no-publish    stop when training ends
    --replace       publish a run of fewer epochs than the recipe's in the place of models/NAME, too
    --precision X   float32 or mixed_bfloat16  [default: what is fast here]
    --hours X       the training time that the card states, where the history lacks it
    --run DIR       keep the run there  [default: runs/NAME]
    --data DIR      the data sets are there  [default: KERASQ_DATA_DIR]
    --models DIR    publish there  [default: KERASQ_MODELS_DIR]
    """
    if not words and not list_:
        raise click.UsageError("name a recipe; `kerasq train --list` lists them")
    become_training(["--list"] if list_ else ["train", *words])


def become_training(words: Sequence[str], needed: Sequence[str] = NEEDED, **environ: str) -> None:
    """Run `python -m training` in place of this process. Raises KerasqError where what is `needed` is not installed."""
    backend = environ.get("KERAS_BACKEND") or os.environ.get("KERAS_BACKEND") or TENSORFLOW
    extra = (*needed, TENSORFLOW) if backend == TENSORFLOW else needed
    missing = [name for name in extra if not find_spec(name)]
    if missing:
        raise KerasqError(f"this needs {', '.join(missing)}, not installed here; pip install -e '.[train]' brings it")
    become([*command("training"), *words], {**environment(read_settings()), **environ})
