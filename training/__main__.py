"""The command line of training: train, publish, evaluate, report."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.errors import KerasqError
from contract.settings import Settings
from contract.signals import heed
from training import backend
from training.errors import TrainingError

if TYPE_CHECKING:
    from training.evaluate import Metrics
    from training.recipes import Recipe

# The commands import what they need themselves: Keras takes seconds to come up, and --help should not.

EXAMPLES = """python -m training train cifar100
       python -m training publish cifar100 --run runs/cifar100
       python -m training evaluate cifar100 --split test
       python -m training evaluate cifar10 --folder photos
       python -m training ablate
       python -m training repeat cifar10 --epochs 3
       python -m training calibrations
       python -m training relatives
       python -m training report"""


def train_(args: argparse.Namespace) -> None:
    from training import engine, staging
    from training.train import train

    args.run = args.run or Path("runs") / args.name
    recipe = _shortened(args)
    if args.publish:
        engine.demand_exporter()
        _demand_whole(args, recipe.epochs)
        staging.demand_room(args.models)
    train(recipe, args.run, **_how(args))
    if args.publish:
        publish_(args)


def ablate(args: argparse.Namespace) -> None:
    from training import study
    from training.recipes import ABLATION

    print(study.table(study.ablation(ABLATION, args.epochs, args.images, args.run, **_how(args))))


def repeat(args: argparse.Namespace) -> None:
    from training import study

    run = args.run or Path("runs") / f"{args.name}-seeds"
    print(study.table(study.repeats(args.name, _shortened(args), args.seeds, run, **_how(args))))


def _demand_whole(args: argparse.Namespace, epochs: int) -> None:
    """Raise TrainingError where a run of fewer epochs than its recipe would take the place of a published model."""
    recipe, folder = _recipe(args.name), args.models / args.name
    if epochs < recipe.epochs and folder.exists() and not args.replace:
        raise TrainingError(
            f"{folder} is there already, and the recipe has {recipe.epochs} epochs, not {epochs}; "
            "--replace publishes the run in its place" + (", --no-publish only trains" if args.call is train_ else "")
        )


def publish_(args: argparse.Namespace) -> None:
    from training import fit, publish, runs

    run = args.run or Path("runs") / args.name
    recipe, rows = _recipe(args.name), runs.kept(run)
    _demand_whole(args, recipe.epochs if fit.stopped_early(recipe, rows) else len(rows))
    card = publish.publish(args.name, recipe, run=run, data_dir=args.data, models=args.models, hours=args.hours)
    done, meant = card.training["epochs"], recipe.epochs
    if done < meant:
        print(f"note: the run has {done} of the {meant} epochs of its recipe")
    print(f"{args.models / args.name} is published; on the test split:")
    _show(card.metrics["test"])


def add_(args: argparse.Namespace) -> None:
    from training import add

    about = {"name": args.name, "labels": args.labels, "limits": args.limits}
    card = add.add(args.path, **about, models=args.models, replace=args.replace)
    size, parameters = " x ".join(map(str, card.input.shape)), f"{card.parameters['total']:,}"
    print(f"{args.models / args.name} is added: input {size}, {len(card.labels)} labels, {parameters} parameters")
    print("to serve it, start a worker for it, then tell the API (SIGHUP): docs/models.md")


def evaluate_(args: argparse.Namespace) -> None:
    from training import evaluate

    if args.folder and args.mistakes:
        raise TrainingError("--mistakes draws images of a split, not of a --folder")
    if args.folder:
        max_pixels = Settings.from_env().max_pixels
        _show(evaluate.on_folder(args.name, args.models, args.folder, max_pixels=max_pixels))
    else:
        _show(evaluate.on_split(args.name, args.models, args.data, args.split, mistakes=args.mistakes))


def calibrations_(args: argparse.Namespace) -> None:
    from training import calibrations, study

    print(study.table(calibrations.compare(args.models, args.data)))


def relatives_(args: argparse.Namespace) -> None:
    from training import relatives, study

    print(study.table(relatives.count(args.data)))


def report_(args: argparse.Namespace) -> None:
    from training import report

    print(report.write(args.models, args.page or report.PAGE))


def _how(args: argparse.Namespace) -> dict[str, Any]:
    """What every training needs beside its recipe and its run."""
    from training import precision

    return {"data_dir": args.data, "models": args.models, "precision": args.precision or precision.fastest()}


def _recipe(name: str) -> "Recipe":
    from training.recipes import RECIPES

    if name not in RECIPES:
        raise TrainingError(f"{name!r} is not a recipe; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def _shortened(args: argparse.Namespace) -> "Recipe":
    """The recipe, with as many epochs as the command says."""
    from dataclasses import replace

    recipe = _recipe(args.name)
    return replace(recipe, epochs=recipe.epochs if args.epochs is None else args.epochs)


def _show(metrics: "Metrics") -> None:
    for name, figure in metrics.items():
        if isinstance(figure, dict):
            print(f"{name}:")
            for label, share in sorted(figure.items(), key=lambda item: item[1]):
                print(f"  {label:<16} {share:.4f}")
        else:
            print(f"{name:<10} {figure:,}" if isinstance(figure, int) else f"{name:<10} {figure:.4f}")


def _list() -> None:
    from training.recipes import RECIPES

    for name, recipe in RECIPES.items():
        taught = f", taught by {' and '.join(recipe.teaching.models)}" if recipe.teaching else ""
        start = f", begins with {recipe.start}" if recipe.start else ""
        about = f"{recipe.dataset}, {recipe.epochs} epochs, {recipe.optimizer}, {recipe.schedule}"
        print(f"{name:<18} {about}{taught}{start}")


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _hours(text: str) -> float:
    if not 0 <= (hours := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of hours")
    return hours


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".png":
        raise argparse.ArgumentTypeError(f"{text} does not end in .png")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent} is no folder")
    return path


def _seeds(text: str) -> tuple[int, ...]:
    if min(seeds := tuple(map(int, text.split(",")))) < 0:
        raise argparse.ArgumentTypeError(f"{min(seeds)} is below 0")
    return seeds


def parser() -> argparse.ArgumentParser:
    settings = Settings.from_env()
    top = argparse.ArgumentParser(prog="python -m training", usage=EXAMPLES, description=__doc__)
    top.add_argument("--list", action="store_true", help="name the recipes and stop")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", prog="python -m training")
    places = argparse.ArgumentParser(add_help=False)
    places.add_argument(
        "--models", type=Path, metavar="DIR", default=settings.models_dir, help="published models (%(default)s)"
    )
    source = argparse.ArgumentParser(add_help=False)
    source.add_argument(
        "--data", type=Path, metavar="DIR", default=settings.data_dir, help="the data sets (%(default)s)"
    )
    run = argparse.ArgumentParser(add_help=False)
    run.add_argument("name", metavar="NAME", help="a recipe; see --list")
    run.add_argument("--run", type=Path, metavar="DIR", help="the run's folder (runs/NAME)")
    length = argparse.ArgumentParser(add_help=False)
    length.add_argument("--epochs", type=_positive, metavar="N", help="instead of the recipe's")
    arithmetic = argparse.ArgumentParser(add_help=False)
    arithmetic.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        help="arithmetic (mixed_bfloat16 on a GPU and where the processor has bfloat16, else float32)",
    )
    publishing = argparse.ArgumentParser(add_help=False)
    publishing.add_argument("--hours", type=_hours, metavar="X", help="the training time, where the history lacks it")
    publishing.add_argument(
        "--replace", action="store_true", help="also where a shorter run takes the place of a published model"
    )

    one = commands.add_parser(
        "train",
        parents=[run, length, publishing, arithmetic, source, places],
        help="train or resume a recipe, then publish it",
    )
    one.add_argument("--no-publish", dest="publish", action="store_false", help="stop when training ends")
    one.set_defaults(call=train_)
    one = commands.add_parser(
        "publish", parents=[run, publishing, source, places], help="publish a run without training"
    )
    one.set_defaults(call=publish_)
    one = commands.add_parser(
        "ablate",
        parents=[arithmetic, source, places],
        help="change the recipe of cifar10 a step at a time; writes docs/training/ablation.csv",
    )
    one.add_argument("--epochs", type=_positive, metavar="N", default=3, help="of each (%(default)s)")
    one.add_argument("--images", type=_positive, metavar="N", default=10_000, help="to train on (%(default)s)")
    one.add_argument("--run", type=Path, metavar="DIR", default=Path("runs/ablation"), help="the runs (%(default)s)")
    one.set_defaults(call=ablate)
    one = commands.add_parser(
        "repeat",
        parents=[run, length, arithmetic, source, places],
        help="train a recipe with other seeds; writes docs/training/NAME-seeds.csv",
    )
    one.add_argument("--seeds", type=_seeds, metavar="N,...", default=(5432, 1, 2), help="(5432,1,2)")
    one.set_defaults(call=repeat)
    one = commands.add_parser("add", parents=[places], help="publish a Keras model that was trained elsewhere")
    one.add_argument("path", type=Path, metavar="FILE", help="the model, as model.save('model.keras') writes it")
    one.add_argument("--name", required=True, help="what it is called in addresses")
    one.add_argument("--labels", required=True, help="a file with a label a line, or labels with commas between")
    one.add_argument("--limits", metavar="TEXT", default="", help="what it is for, and what not; its card says so")
    one.add_argument("--replace", action="store_true", help="put it in the place of the model of that name")
    one.set_defaults(call=add_)
    one = commands.add_parser("evaluate", parents=[source, places], help="score a published model")
    one.add_argument("name", metavar="NAME", help="a published model")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--split", choices=("validation", "test"), default="test", help="(%(default)s)")
    which.add_argument("--folder", type=Path, metavar="DIR", help="score pictures in one sub-folder per label instead")
    one.add_argument("--mistakes", type=_picture, metavar="FILE.png", help="draw what it was surest of and got wrong")
    one.set_defaults(call=evaluate_)
    one = commands.add_parser(
        "calibrations", parents=[source, places], help="compare ways to calibrate; writes docs/training/calibration.csv"
    )
    one.set_defaults(call=calibrations_)
    one = commands.add_parser(
        "relatives",
        parents=[source],
        help="count images that have one much like them among the training images; writes docs/training/relatives.csv",
    )
    one.set_defaults(call=relatives_)
    one = commands.add_parser("report", parents=[places], help="write the results table into docs/training.md")
    one.add_argument("--page", type=Path, metavar="FILE", help="instead of docs/training.md")
    one.set_defaults(call=report_)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 1 and one sentence on stderr for what we have a name for, 130 when interrupted."""
    args = argparse.Namespace(call=None)
    try:
        parser().parse_args(argv, args)
        if not args.list and args.command is None:
            parser().print_help()
            return 2
        backend.demand()
        if args.list:
            _list()
        else:
            args.call(args)
    except (TrainingError, KerasqError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}" if error.filename else error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        resumes = args.call in (train_, ablate, repeat)
        going_on = "; the same command goes on from the run's last backup" if resumes else ""
        print(f"interrupted{going_on}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    heed(lambda number, _: sys.exit(128 + number))  # so that what is half published is removed, as after Ctrl-C
    sys.exit(main())
