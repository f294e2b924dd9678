"""A `.keras` file whose layers are to compute in another precision: Keras decides it when it loads one."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

CONFIG = "config.json"


def config(path: Path) -> dict[str, Any]:
    """What the file says of its layers, as `keras.saving.serialize_keras_object` has it."""
    with ZipFile(path) as whole:
        return json.loads(whole.read(CONFIG))


@contextmanager
def reconfigured(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[Path]:
    """A copy of the file, there for the block, with the configuration that `change` makes of its own.

    Loaded, it has its weights as the file has them, and whatever layers work out of these.
    """
    with TemporaryDirectory() as work:
        copy = Path(work) / path.name
        with ZipFile(path) as whole, ZipFile(copy, "w") as changed:
            for each in whole.infolist():
                if each.filename != CONFIG:
                    changed.writestr(each, whole.read(each))
            changed.writestr(CONFIG, json.dumps(change(config(path))))
        yield copy
