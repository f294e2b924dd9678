"""The official CIFAR "python version" folders, through one loader.

    python -m training.data            # downloads both, with Keras, into the data folder

A folder holds pickles. Only what the official archives contain is unpickled: dicts, lists, strings, integers
and uint8 arrays; any other global in the file is refused.
"""

import argparse
import pickle
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.model_selection import train_test_split

from contract.card import sha256
from contract.errors import KerasqError
from contract.settings import Settings
from training.errors import DataError

FOLDERS = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}
#: Archive and sha256, as `keras.datasets` has them.
ARCHIVES = {
    "cifar10": ("cifar-10-python.tar.gz", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
    "cifar100": ("cifar-100-python.tar.gz", "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"),
}
ORIGIN = "https://www.cs.toronto.edu/~kriz/"
FILES = {
    "cifar10": ("batches.meta", *(f"data_batch_{n}" for n in range(1, 6)), "test_batch"),
    "cifar100": ("meta", "train", "test"),
}
SPLIT_SEED = 5432
VALIDATION_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Split:
    """Images uint8 (N, 32, 32, 3) and their class numbers int64 (N,)."""

    images: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The three splits; `labels` and `superclasses` are in the order of the class numbers."""

    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    #: The name of each class's superclass; empty where the data set has none.
    superclasses: tuple[str, ...] = ()


class _OfficialUnpickler(pickle.Unpickler):
    _ALLOWED = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise DataError(f"{module}.{name} has no place in a CIFAR file")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read(path: Path) -> dict[bytes, Any]:
    """Unpickle one official file. Raises DataError for a missing file or for anything but plain data in it."""
    try:
        with path.open("rb") as file:
            content = _OfficialUnpickler(file, encoding="bytes").load()
    except FileNotFoundError:
        raise DataError(f"{path} is missing; `python -m training.data` downloads it") from None
    except DataError as error:
        raise DataError(f"{path} is not an official CIFAR file: {error}") from None
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not an official CIFAR file: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is not an official CIFAR file: it holds a {type(content).__name__}")
    return content


def _split(parts: list[dict[bytes, Any]], key: bytes, labels: int) -> Split:
    rows = np.concatenate([part[b"data"] for part in parts])
    images = np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    classes = np.concatenate([np.asarray(part[key], np.int64) for part in parts])
    if len(images) != len(classes):
        raise ValueError(f"{len(images):,} images and {len(classes):,} labels")
    if not 0 <= classes.min() <= classes.max() < labels:
        raise ValueError(f"labels from {classes.min()} to {classes.max()}, where 0 to {labels - 1} were expected")
    return Split(images=images, classes=classes)


def load(name: str, folder: Path) -> Dataset:
    """Load `cifar10` or `cifar100` from `folder`: 45,000 training, 5,000 validation, 10,000 test images.

    Raises DataError naming the file that is missing or is not what the official archive holds.
    """
    root = folder / FOLDERS[name]
    meta, *parts, last = (read(root / file) for file in FILES[name])
    key, names = (b"labels", b"label_names") if name == "cifar10" else (b"fine_labels", b"fine_label_names")
    try:
        labels, superclasses = _words(meta[names]), _superclasses(meta, parts)
        official, test = _split(parts, key, len(labels)), _split([last], key, len(labels))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{root} does not hold the fields of {name}: {error}") from error
    train_rows, validation_rows = train_test_split(
        np.arange(len(official.classes)), test_size=VALIDATION_SHARE, random_state=SPLIT_SEED
    )
    return Dataset(
        labels=labels,
        train=Split(images=official.images[train_rows], classes=official.classes[train_rows]),
        validation=Split(images=official.images[validation_rows], classes=official.classes[validation_rows]),
        test=test,
        superclasses=superclasses,
    )


def _words(names: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(name.decode() for name in names)


def _superclasses(meta: dict[bytes, Any], parts: list[dict[bytes, Any]]) -> tuple[str, ...]:
    if b"coarse_label_names" not in meta:
        return ()
    names = _words(meta[b"coarse_label_names"])
    pairs = {pair for part in parts for pair in zip(part[b"fine_labels"], part[b"coarse_labels"], strict=True)}
    of_class = dict(pairs)
    return tuple(names[of_class[number]] for number in range(len(meta[b"fine_label_names"])))


def fingerprints(name: str, folder: Path) -> dict[str, str]:
    """The sha256 of each official file of data set `name`."""
    return {file: sha256(folder / FOLDERS[name] / file) for file in FILES[name]}


def download(name: str, folder: Path) -> bool:
    """Fetch and unpack one official archive; False if its files were there already. Raises DataError."""
    root = folder / FOLDERS[name]
    if all((root / file).is_file() for file in FILES[name]):
        return False
    archive, expected = ARCHIVES[name]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Unpacked beside its place and then renamed, so that an interruption never leaves half a file.
        with tempfile.TemporaryDirectory(dir=folder) as work:
            extracted = keras.utils.get_file(
                archive, ORIGIN + archive, file_hash=expected, extract=True, cache_dir=work, cache_subdir=""
            )
            root.mkdir(exist_ok=True)
            for file in FILES[name]:
                (Path(extracted) / FOLDERS[name] / file).replace(root / file)
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise DataError(f"{ORIGIN + archive} could not be fetched into {folder}: {error}") from error
    return True


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.data",
        usage="python -m training.data [--data DIR]",
        description="Download CIFAR-10 and CIFAR-100 (170 MB each) and check that they load.",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data folder (default: KERASQ_DATA_DIR)")
    given = parser.parse_args(argv).data
    try:
        folder = given or Settings.from_env().data_dir
        for name in FOLDERS:
            how = "downloaded" if download(name, folder) else "already there"
            data = load(name, folder)
            splits = f"{len(data.train.classes):,} / {len(data.validation.classes):,} / {len(data.test.classes):,}"
            print(f"{name}: {how} in {folder / FOLDERS[name]}; training / validation / test: {splits} images")
    except (DataError, KerasqError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
