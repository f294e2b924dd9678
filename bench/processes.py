"""The processes of a server, however they were started: their memory, their processor time, their end."""

import os
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import psutil
from psutil import Process

#: Seconds within which killed processes must be gone.
GONE_WITHIN = 10.0
MARK = "BENCH_FAMILY"
T = TypeVar("T")


class Family:
    """All processes that come from one start.

    A daemon leaves its session and its parent, some programs overwrite their environment, and a process between the
    two may have died: so whoever has a family's session, parent or mark belongs to it, and does so for ever.
    """

    def __init__(self) -> None:
        self._mark = uuid.uuid4().hex
        self._known: set[Process] = set()

    @property
    def environment(self) -> dict[str, str]:
        """Must be in the environment of every process that is started by hand."""
        return {MARK: self._mark}

    def members(self) -> list[Process]:
        """Those that run."""
        ended = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return [each for each in self._found() if _told(Process.status, each, psutil.STATUS_DEAD) not in ended]

    def cpu_s(self) -> float:
        """Processor seconds of its processes, and of those children that they have waited for."""
        return sum(_told(_cpu_s, each, 0.0) for each in self._found())

    def memory(self) -> int:
        """Bytes, with those that several processes share divided among them (PSS)."""
        return sum(_told(_pss, each, 0) for each in self.members())

    def kill(self) -> None:
        """End all of them at once. Raises RuntimeError if one is still there afterwards."""
        until = time.monotonic() + GONE_WITHIN
        while left := self.members():
            if time.monotonic() > until:
                raise RuntimeError(f"processes {[each.pid for each in left]} outlived SIGKILL by {GONE_WITHIN} s")
            for each in left:
                _told(Process.kill, each, None)
            time.sleep(0.02)

    def _found(self) -> set[Process]:
        """Those that run, and those that have ended but whose parent has not noticed."""
        everything = list(psutil.process_iter())
        found = {each for each in everything if each in self._known or self._marked(each)}
        size = -1
        while size != len(found):
            size = len(found)
            pids, sessions = {each.pid for each in found}, {_session(each) for each in found} - {os.getsid(0), None}
            found |= {each for each in everything if _told(Process.ppid, each, 0) in pids or _session(each) in sessions}
        self._known |= found
        return found

    def _marked(self, process: Process) -> bool:
        return _told(_mark, process, None) == self._mark


def _mark(process: Process) -> str | None:
    return process.environ().get(MARK)


def _session(process: Process) -> int | None:
    return _told(lambda each: os.getsid(each.pid), process, None)


def _cpu_s(process: Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _pss(process: Process) -> int:
    return int(process.memory_full_info().pss)


def _told(ask: Callable[[Process], T], process: Process, otherwise: T) -> T:
    """What a process says; `otherwise` of one that has ended, or is another user's."""
    try:
        return ask(process)
    except (psutil.Error, OSError):
        return otherwise
