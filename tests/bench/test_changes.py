"""What `bench changes` takes out of the history, and makes of its rounds."""

import subprocess
from pathlib import Path

import pytest

from bench import changes


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.setattr(changes, "ROOT", folder)
    _git("init", "--quiet")
    return folder


def _git(*words: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    done = subprocess.run(["git", *who, *words], cwd=changes.ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_state_is_what_its_commit_held(repository: Path, tmp_path: Path) -> None:
    for text in ("before", "after"):
        (repository / "file").write_text(text)
        _git("add", "file")
        _git("commit", "--quiet", "--message", text)
    commit = _git("rev-parse", "HEAD~1")
    assert (changes.checkout(commit, tmp_path / "tree") / "file").read_text() == "before"


def test_a_commit_that_is_not_there_is_named(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="commit 1234567 is not here"):
        changes.checkout("1234567", tmp_path / "tree")


def test_a_state_runs_its_own_code(tmp_path: Path) -> None:
    assert changes.in_tree(tmp_path).environment["PYTHONPATH"] == str(tmp_path)


def test_each_state_has_its_figures() -> None:
    rounds = [{"loads": [_load(1, 100, 9.5), _load(16, 900, 50), _load(64, count, 150)]} for count in (600, 1200, 900)]
    table = changes.table({"before": rounds, "after": [{"failure": "it did not come up"}]})
    assert table.rows[0] == ["before", "300 (200–400)", "300 (300–300)", "3.33 (2.50–5.00)", "9.50 (9.50–9.50)"]
    assert table.rows[1] == ["after", "–", "–", "–", "–"]


def _load(clients: int, count: int, median_ms: float) -> dict[str, float]:
    return {
        "clients": clients,
        "count": count,
        "requests_s": count / 3,
        "median_ms": median_ms,
        "server_cpu_s": 3.0,
    }
