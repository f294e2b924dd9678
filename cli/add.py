"""`kerasq models add`: a Keras model from elsewhere becomes one that is served."""

import click

from cli.train import become_training

NEEDED = ("keras", "scipy")
#: A GPU computes coarsely enough for its answers to differ from the export's; and TensorFlow, which exports, is not to
#: talk about it.
ALONE = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@click.command(short_help="Add a Keras model.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--name", required=True, help="What it is called: POST /NAME.")
@click.option(
    "--labels",
    required=True,
    metavar="FILE|A,B,...",
    help="A file with a label a line, or the labels, in the order of the model's outputs.",
)
@click.option("--limits", metavar="TEXT", default="", help="What it is for, and what not; its card says so.")
@click.option("--replace", is_flag=True, help="Put it in the place of the model of that name.")
def add(file: str, name: str, labels: str, limits: str, replace: bool) -> None:
    """
    \b
    kerasq models add digits.keras --name digits --labels labels.txt
    kerasq models add digits.keras --name digits --labels 0,1,2,3,4,5,6,7,8,9

    Check a Keras classifier and write models/NAME/: the file, its export for CPUs, and a card.

    The model takes raw pixels, 0 to 255, and answers with probabilities. Needs Keras: pip install -e '.[train]'.
    """
    words = [f"--name={name}", f"--labels={labels}", f"--limits={limits}", *(["--replace"] if replace else [])]
    become_training(["add", *words, "--", file], NEEDED, **ALONE)
