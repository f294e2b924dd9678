"""A process that is kept running: started, heard, started again after it died, stopped."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
#: A child that ran for this long, in seconds, had started well: the next pause is the first again.
WELL = 30.0
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Should `kerasq up` be killed outright, its children end too and free their ports."""
    if _prctl:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One supervised process, in its own session: Ctrl-C on the terminal reaches the supervisor alone."""

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], *, inherited: Sequence[int] = ()
    ) -> None:
        """`inherited` are descriptors that it gets as they are."""
        self.name, self._command, self._environ, self._inherited = name, command, environ, inherited
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._pause = FIRST_PAUSE
        self._began = self._due = 0.0
        self.said: deque[str] = deque(maxlen=20)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._began = time.monotonic()
        self.said.clear()
        self._process = subprocess.Popen(
            self._command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,
            pass_fds=self._inherited,
        )
        self._reader = threading.Thread(target=self._listen, args=(self._process,), name=self.name, daemon=True)
        self._reader.start()

    def tend(self) -> int | None:
        """Start the child again if it has died and its pause is over. The exit code, when a death is first seen."""
        if self._process is None:
            if time.monotonic() >= self._due:
                self.start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        if self._reader:
            self._reader.join(1.0)  # so that `said` has its last words
        self._process = None
        if time.monotonic() - self._began >= WELL:
            self._pause = FIRST_PAUSE
        self._due = time.monotonic() + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        return code

    def ask_to_stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End the child and all that it started, if it has not ended."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            self.said.append(line.rstrip())
            with suppress(OSError):  # a child whose words nobody takes would stop at the next that finds no room
                print(f"{self.name} | {line.rstrip()}", file=sys.stderr, flush=True)
