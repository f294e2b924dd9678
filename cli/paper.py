"""What is printed on, and what must not be."""

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def harmless(text: str) -> str:
    """Control characters as \\xNN: what others named must not steer the terminal."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def paper(width: int = 1000) -> "Console":
    """As wide as the terminal; in a pipe or a file of `width` columns, so that nothing there is cut off."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=width)
