"""`python -m bench` finds its commands, and a peer's environment is what its requirements say."""

import importlib.util
import sys
from pathlib import Path

import pytest

import bench.__main__ as commands
from bench import environments


def test_every_command_is_a_module() -> None:
    assert all(importlib.util.find_spec(module) for module in commands.COMMANDS.values())


def test_all_is_what_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(commands, "run", lambda name, options: ran.append(name))
    commands.main(["all"])
    assert ran[0] == "http"
    assert ran == [name for name in commands.COMMANDS if name not in commands.AROUND]
    assert {"bulk", "engines", "growth", "memory"} < set(ran)


def test_options_go_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[object] = []
    monkeypatch.setattr(commands, "run", lambda name, options: ran.append((name, options)))
    commands.main(["http", "--only", "flask", "--rounds", "1"])
    assert ran == [("http", ["--only", "flask", "--rounds", "1"])]


def test_an_unknown_server_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["http", "--only", "nothing"])
    assert "nothing: no such server; there are kerasq-wait, kerasq-poll" in capsys.readouterr().err


def test_an_environment_is_stale_when_its_requirements_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "PEERS", tmp_path / "peers")
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "made")
    required, stamp = (tmp_path / name / "some" / "requirements.txt" for name in ("peers", "made"))
    for path in (required, stamp):
        path.parent.mkdir(parents=True)
        path.write_text("flask==3.1.3\n")
    assert environments.folders() == ["some"]
    assert environments.installed("some")
    assert environments.python("some") == tmp_path / "made" / "some" / "bin" / "python"
    required.write_text("flask==3.2.0\n")
    assert not environments.installed("some")


def test_what_has_no_requirements_runs_here() -> None:
    assert environments.installed(None)
    assert environments.python(None) == Path(sys.executable)
    assert {"flask", "celery", "flask-openapi3"} <= environments.packages(None).keys()
