"""The image files that paths name, one after another: a folder is listed when its turn comes, and never all at once."""

# Paths are text here: a Path for each of 100,000 files would cost more than finding them.
# ruff: noqa: PTH100, PTH112, PTH118, PTH122

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from contract.images import SUFFIXES


def walk(paths: Sequence[str], left: Counter[str] | None = None) -> Iterator[str]:
    """The files among `paths`, and in its folders, each once: a folder's files by name, then its folders by name.

    Inside folders, hidden entries are left out, and other suffixes than images have, which `left` counts. A folder
    that cannot be listed comes out itself, so that whoever reads it finds the error. Links to folders are not followed.
    """
    named: dict[str, str] = {}
    for path in paths:
        named.setdefault(os.path.abspath(path), path)
    for path in named.values():
        if os.path.isdir(path):
            yield from _folder(path, named if len(named) > 1 else (), Counter() if left is None else left)
        else:
            yield path


def _folder(top: str, named: Collection[str], left: Counter[str]) -> Iterator[str]:
    """The files in `top`; those in `named` are left out, for they come by themselves."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            files, folders, others = _list(folder)
        except OSError:
            yield folder
            continue
        left.update(_suffix(path) for path in map(_below(folder), others) if not _is_named(path, named))
        waiting += [path for path in map(_below(folder), folders) if not _is_named(path, named)]
        yield from (path for path in map(_below(folder), files) if not _is_named(path, named))


def _list(folder: str) -> tuple[list[str], list[str], list[str]]:
    """The names of a folder's image files, of its folders, last first, and of its other files."""
    files: list[str] = []
    folders: list[str] = []
    others: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
            elif _leads_to_folder(entry):
                continue
            else:
                (files if _suffix(name) in SUFFIXES else others).append(name)
    return sorted(files), sorted(folders, reverse=True), others


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _leads_to_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # such as a link to itself: whoever reads it finds the error
        return False


def _below(folder: str) -> Callable[[str], str]:
    start = os.path.join(folder, "")
    return lambda name: start + name


def _is_named(path: str, named: Collection[str]) -> bool:
    return bool(named) and os.path.abspath(path) in named


def shown(path: str) -> str:
    """The path as text that any output can hold: bytes that are no UTF-8 come out as \\xNN."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path
