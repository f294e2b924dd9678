"""docs/performance.md: what bench/results holds, between the page's markers, and its plots in docs/performance/.

    python -m bench report

`<name>.json` goes between `<!-- name -->` and `<!-- /name -->`; the prose around the markers is written by hand.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import results
from bench.machine import sentence
from bench.results import Table
from contract.settings import ROOT

PAGE = ROOT / "docs" / "performance.md"
PICTURES = "performance"


class NoMarkers(Exception):
    """The page has no place for a results file."""


def main(argv: Sequence[str]) -> None:
    argparse.ArgumentParser(
        prog="python -m bench report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    for name in write(PAGE):
        print(f"{PAGE}: {name}")


def write(page: Path) -> list[str]:
    """Put every results file into `page` and draw its plots beside it; their names. Raises NoMarkers."""
    names = results.names()
    text = page.read_text()
    for name in names:
        found = results.read(name) or {}
        text = between(text, name, rendered(found), page)
        _draw(found.get("plots") or [], page.parent / PICTURES)
    page.write_text(text)
    return names


def rendered(found: Mapping[str, Any]) -> str:
    """Markdown of a results file: when and on what, then its plots and tables."""
    tables = [Table(**{"note": "", **table}).markdown() for table in found.get("tables", [])]
    pictures = [f"![{plot['title']}]({PICTURES}/{plot['file']})" for plot in found.get("plots") or []]
    measured = f"Measured {found.get('date', 'at an unknown date')}: {sentence(found.get('machine', {}))}."
    return "\n\n".join([measured, *pictures, *tables])


def between(text: str, name: str, content: str, page: Path) -> str:
    """`text` with the markers' content replaced. Raises NoMarkers if it lacks them."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, opened, rest = text.partition(opening)
    _, closed, after = rest.partition(closing)
    if not opened or not closed:
        raise NoMarkers(f"{page} lacks the markers {opening} and {closing}, which bench/results/{name}.json needs")
    return f"{before}{opening}\n{content}\n{closing}{after}"


def _draw(plots: Sequence[Mapping[str, Any]], folder: Path) -> None:
    if plots:
        from bench.plots import draw  # matplotlib, which the tables do not need

        for plot in plots:
            draw(plot, folder)
