"""The most memory that `kerasq classify` takes, by the number of files."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench import environments, pictures
from bench.group import Group
from bench.kerasq import AS_INSTALLED
from bench.ways import KERASQ as COMMAND
from contract.settings import ROOT

#: Different pictures in a folder; its other files are links to them.
DIFFERENT = 1000


def measure(work: Path, counts: Sequence[int], rounds: int) -> dict[int, list[int]]:
    """Bytes for each count of files, one for each round; the counts in turn."""
    state = work / "kerasq"
    state.mkdir()
    images = pictures.write_pngs(work / "different", min(DIFFERENT, max(counts)))
    folders = {count: _linked(work / str(count), images, count) for count in counts}
    found: dict[int, list[int]] = {count: [] for count in counts}
    with Group(AS_INSTALLED, environments.python(None), state) as group:
        group.first_answer(images[0].read_bytes())
        for _ in range(rounds):
            for count, folder in folders.items():
                found[count].append(_peak(folder, state))
    return found


def _linked(folder: Path, images: Sequence[Path], count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        os.link(images[number % len(images)], folder / f"{number:06}.png")
    return folder


def _peak(folder: Path, state: Path) -> int:
    """Bytes resident at most. Raises RuntimeError if the command fails."""
    command = COMMAND.command(folder, folder.with_suffix(".ndjson"))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KERASQ_STATE_DIR": str(state), "REDIS_URL": ""}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"kerasq classify ended with {process.returncode} on {folder.name} files")
    return usage.ru_maxrss * 1024
