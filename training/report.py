"""The tables of docs/training.md: the results, from the cards, and the studies."""

from pathlib import Path

from contract.card import Card, Cards
from contract.settings import ROOT
from training import runs, study
from training.errors import TrainingError
from training.provenance import hours_before

PAGE = ROOT / "docs" / "training.md"
#: What the original project states: accuracy, loss, AUC on the test split, and training time in hours.
ORIGINAL = {"cifar10": ("0.90", "0.4778", "0.9899", "5-6"), "cifar100": ("0.62", "1.7465", "0.9598", "11-12")}
COLUMNS = ("model", "accuracy", "loss", "AUC", "top-3", "ECE", "epochs", "hours", "making batches")


def table(cards: Cards) -> str:
    """A Markdown table: a row for each card, and under it what the original states, where it has that model."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|---|{'---:|' * (len(COLUMNS) - 1)}"]
    for name, card in cards.items():
        lines.append(_row(card, cards.folder / name))
        if name in ORIGINAL:
            accuracy, loss, auc, hours = ORIGINAL[name]
            lines.append(f"| {name}, the original | {accuracy} | {loss} | {auc} | | | | {hours} | |")
    return "\n".join([*lines, "", *(_footnote(card) for card in cards.values() if "hardware" in card.training)])


def _row(card: Card, folder: Path) -> str:
    try:
        test, training = card.metrics["test"], card.training
        return (
            f"| **{card.name}** | {test['accuracy']:.4f} | {test['loss']:.4f} | {test['auc']:.4f} | {test['top3']:.4f} "
            f"| {test['ece']:.4f} | {training['epochs']} | {_hours(card):.2f} | {_share(folder)} |"
        )
    except KeyError:
        return f"| **{card.name}** | | | | | | | | |"


def _hours(card: Card) -> float:
    """With those of the models that it came from."""
    return card.training["hours"] + sum(hours_before(card).values())


def _share(folder: Path) -> str:
    share = runs.input_share(folder)
    return "" if share is None else f"{share:.1%}"


def _footnote(card: Card) -> str:
    hardware, versions = card.training["hardware"], card.training["versions"]
    machine = ", ".join([hardware["cpu"], f"{hardware['cores']} cores", *hardware.get("gpus", ())])
    return f"- {card.name}: {machine}; {', '.join(f'{name} {number}' for name, number in versions.items())}"


def write(models: Path, page: Path = PAGE) -> str:
    """Put the table of all cards in `models`, and those of the studies that the page shows, between its markers.

    Returns the first. Raises TrainingError where its markers, or a study's second, are missing.
    """
    text, results, studies = page.read_text(), table(Cards(models)), sorted(page.with_suffix("").glob("*.csv"))
    shown = {path.stem: study.table(path) for path in studies if f"<!-- {path.stem} -->" in text}
    tables = {"results": results, **shown}
    for name, rendered in tables.items():
        text = _filled(text, name, rendered, page)
    page.write_text(text)
    return results


def _filled(text: str, name: str, rendered: str, page: Path) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, opening, rest = text.partition(begin)
    _, closing, after = rest.partition(end)
    if not opening or not closing:
        raise TrainingError(f"{page} lacks the markers {begin} and {end}")
    return f"{before}{begin}\n{rendered}\n{end}{after}"
