"""The processes of a server, however they were started: their memory, their processor time, their end."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds within which killed processes must be gone.
GONE_WITHIN = 10.0
MARK = "BENCH_FAMILY"


@dataclass(frozen=True, kw_only=True)
class Process:
    pid: int
    parent: int
    session: int
    #: Clock ticks after the machine's start; with it a pid names one process for ever.
    began: int
    alive: bool
    #: Processor seconds of the process and of those children that it has waited for.
    cpu_s: float


class Family:
    """All processes that come from one start.

    A daemon leaves its session and its parent, some programs overwrite their environment, and a process between the
    two may have died: so whoever has a family's session, parent or mark belongs to it, and does so for ever.
    """

    def __init__(self) -> None:
        self._mark = uuid.uuid4().hex
        self._known: set[tuple[int, int]] = set()

    @property
    def environment(self) -> dict[str, str]:
        """Must be in the environment of every process that is started by hand."""
        return {MARK: self._mark}

    def members(self) -> list[Process]:
        """Those that run."""
        return [each for each in self._found() if each.alive]

    def cpu_s(self) -> float:
        return sum(each.cpu_s for each in self._found())

    def memory(self) -> int:
        """Bytes, with those that several processes share divided among them (PSS)."""
        return sum(_pss(each.pid) for each in self.members())

    def kill(self) -> None:
        """End all of them at once. Raises RuntimeError if one is still there afterwards."""
        until = time.monotonic() + GONE_WITHIN
        while left := self.members():
            if time.monotonic() > until:
                raise RuntimeError(f"processes {[each.pid for each in left]} outlived SIGKILL by {GONE_WITHIN} s")
            for each in left:
                _send(each.pid, signal.SIGKILL)
            time.sleep(0.02)

    def _found(self) -> list[Process]:
        """Those that run, and those that have ended but whose parent has not noticed."""
        everything = list(_everything())
        found = [each for each in everything if (each.pid, each.began) in self._known or self._marked(each.pid)]
        size = -1
        while size != len(found):
            size = len(found)
            pids, sessions = {each.pid for each in found}, {each.session for each in found} - {os.getsid(0)}
            found = [each for each in everything if {each.pid, each.parent} & pids or each.session in sessions]
        self._known |= {(each.pid, each.began) for each in found}
        return found

    def _marked(self, pid: int) -> bool:
        try:
            return f"{MARK}={self._mark}".encode() in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended, or is another user's
            return False


def _everything() -> Iterator[Process]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(errors="replace")
            except OSError:  # it has ended
                continue
            yield _process(int(folder.name), stat)


def _process(pid: int, stat: str) -> Process:
    words = stat.rpartition(")")[2].split()
    return Process(
        pid=pid,
        alive=words[0] not in "ZX",
        parent=int(words[1]),
        session=int(words[3]),
        cpu_s=sum(map(int, words[11:15])) / TICKS,
        began=int(words[19]),
    )


def _pss(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
