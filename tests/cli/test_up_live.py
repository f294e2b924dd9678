"""`kerasq up` for real: server, API, worker, and the commands that find them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.address import url_file
from tests.cli.bright import CENTRES, LABELS, write_model
from tests.cli.conftest import picture
from tests.client import call
from tests.stack import ROOT, free_port, until

pytestmark = pytest.mark.live


def _heeds_hang_ups() -> None:
    """Whatever the tests run under, such as nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Up:
    """One `kerasq up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.state = folder, free_port(), folder / "state"
        self.env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
        self.env |= {
            "KERASQ_MODELS_DIR": str(folder / "models"),
            "KERASQ_STATE_DIR": str(self.state),
            "KERASQ_PORT": str(self.port),
            "KERASQ_ENGINE": "openvino",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *words: str) -> None:
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            command = [sys.executable, "-m", "cli.main", "up", *words]
            self.process = subprocess.Popen(
                command, env=self.env, cwd=self.folder, stdout=out, stderr=err, preexec_fn=_heeds_hang_ups
            )
        until(lambda: "ready" in (self.folder / "out").read_text(), "it is ready", 60)

    def stop(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)

    def kerasq(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *map(str, words)]
        return subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def children(self) -> dict[str, int]:
        found = subprocess.run(["pgrep", "-aP", str(self.process.pid)], capture_output=True, text=True).stdout
        names = {"valkey": "redis", "-m api": "api", "-m worker": "worker"}
        rows = [line.split(" ", 1) for line in found.splitlines()]
        return {short: int(pid) for pid, words in rows for long, short in names.items() if long in words}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    write_model(folder / "models")
    for label, red in zip(LABELS, CENTRES, strict=True):
        picture(folder / "photos" / f"{label}.png", min(255, red))
    (folder / "api").mkdir()
    (folder / "api" / "__init__.py").write_text("raise SystemExit('not this one')")
    up = Up(folder)
    up.start()
    yield up
    if up.process.poll() is None:
        up.stop()


def test_it_says_when_it_is_ready(up: Up) -> None:
    assert (up.folder / "out").read_text() == f"kerasq is ready on http://127.0.0.1:{up.port} (1 model, 1 worker)\n"
    assert up.kerasq("health").returncode == 0
    assert up.kerasq("health", "--worker").returncode == 0


def test_a_folder_is_classified(up: Up) -> None:
    done = up.kerasq("classify", "photos", "--model", "bright", "--top", 1)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == sorted(f"photos/{label}.png" for label in LABELS)
    assert all(row["predictions"][0]["label"] in LABELS for row in rows)


def test_a_second_one_on_the_folder_is_refused(up: Up) -> None:
    done = up.kerasq("up", "--port", free_port())
    assert done.returncode == 2
    assert done.stderr.startswith("kerasq: another `kerasq up` runs on")


def test_a_folder_called_api_where_one_is_does_not_stand_in_for_ours(up: Up) -> None:
    assert call("GET", f"http://127.0.0.1:{up.port}/healthz").status == 200


@pytest.mark.parametrize("name", ["redis", "api", "worker"])
def test_what_is_killed_is_started_again(up: Up, name: str) -> None:
    before = up.children()
    os.kill(before[name], signal.SIGKILL)
    until(lambda: up.children().get(name, before[name]) != before[name], f"{name} is back", 30)
    until(lambda: up.kerasq("health").returncode == 0, "all is well", 30)
    until(lambda: call("GET", f"http://127.0.0.1:{up.port}/healthz").status == 200, "the API answers", 30)
    done = up.kerasq("classify", "photos", "--model", "bright")
    assert done.returncode == 0, done.stderr


def test_ctrl_c_drains_and_data_is_kept(up: Up) -> None:
    children = up.children()
    assert up.stop(signal.SIGINT) == 0
    for pid in children.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not url_file(up.state).exists()
    assert any((up.state / "redis").rglob("*.aof"))
    assert up.kerasq("health").returncode == 1


def test_children_do_not_outlive_a_killed_supervisor(up: Up) -> None:
    up.start()
    children = up.children()
    assert len(children) == 3
    up.process.kill()
    up.process.wait(10)

    def gone() -> bool:
        return not any(Path(f"/proc/{pid}").exists() for pid in children.values())

    until(gone, "the children are gone", 30)


def test_some_of_the_models_are_all_that_is_offered_and_a_closed_terminal_drains(up: Up) -> None:
    write_model(up.folder / "models", "glow")
    up.start("--models", "bright")
    url = f"http://127.0.0.1:{up.port}"
    assert [card["name"] for card in call("GET", f"{url}/models").body["models"]] == ["bright"]
    assert call("GET", f"{url}/readyz").status == 200
    assert call("POST", f"{url}/glow", {"key": "dog.jpg"}).status == 404
    assert up.stop(signal.SIGHUP) == 0
    assert not url_file(up.state).exists()


def test_a_server_that_outlives_its_supervisor_keeps_the_folder(up: Up) -> None:
    """Two of them would write to the same file."""
    up.start()
    server = up.children()["redis"]
    os.kill(server, signal.SIGSTOP)
    up.process.kill()
    up.process.wait(10)
    try:
        done = up.kerasq("up", "--port", free_port())
        assert done.returncode == 2
        assert "or its Redis still does" in done.stderr
    finally:
        os.kill(server, signal.SIGCONT)
    up.start()  # it has ended, or is given the time to
    assert up.kerasq("health").returncode == 0
