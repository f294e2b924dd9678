"""How the processes log."""

import logging


def begin(level: str) -> None:
    """Lines of `level` and above go to stderr, each with its time."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
