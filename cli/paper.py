"""What tables are printed on."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def paper(width: int = 1000) -> "Console":
    """As wide as the terminal; in a pipe or a file of `width` columns, so that nothing there is cut off."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=width)
