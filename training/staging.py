"""A model's folder that appears whole, or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` when the block has ended without an error.

    What was there before goes then, and stays as it was otherwise.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as work:
        # One level deeper than cards are looked for.
        stage = Path(work) / folder.name
        stage.mkdir()
        yield stage
        _put(stage, folder)


def demand_room(models: Path) -> None:
    """Raise OSError where no folder can be made in `models`: better before a training than after it."""
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=models):
        pass


def _put(stage: Path, folder: Path) -> None:
    if not folder.exists():
        stage.rename(folder)
        return
    before = folder.rename(stage.with_name(".before"))
    try:
        stage.rename(folder)
    except BaseException:  # an interruption as well: else both would go with the folder that they are in
        before.rename(folder)
        raise
