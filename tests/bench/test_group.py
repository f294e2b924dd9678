"""A server's processes are started, seen and ended, those included that it let go."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.group import Group, NotUp
from bench.peer import Peer
from bench.pictures import pngs
from cli.embedded import answers

DUMMY = Path(__file__).with_name("dummy.py")
PEER = Peer(name="dummy", folder=None, command=("{python}", str(DUMMY), "{port}"), path="/")


def started(peer: Peer, folder: Path) -> Group:
    return Group(peer, Path(sys.executable), folder)


def alive(pid: int) -> bool:
    """Not merely a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_server_is_measured_once_it_answers(tmp_path: Path) -> None:
    with started(PEER, tmp_path) as group:
        assert 0 < group.first_answer(pngs(1)[0]) < 60
        assert group.memory() > 2**20
        assert group.cpu_s() > 0


def test_no_process_is_left_not_even_a_daemon(tmp_path: Path) -> None:
    with started(replace(PEER, command=(*PEER.command, "daemon")), tmp_path) as group:
        group.first_answer(pngs(1)[0])
        daemon = int((tmp_path / "daemon").read_text())
        assert alive(daemon)
    assert not alive(daemon)


def test_a_server_that_does_not_come_up_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(NotUp, match=r"dummy gave no answer(.|\n)*no model here"):
        with started(replace(PEER, command=(*PEER.command, "fail")), tmp_path) as group:
            group.first_answer(pngs(1)[0])


def test_what_it_needs_runs_beside_it(tmp_path: Path) -> None:
    peer = replace(PEER, needs=("valkey",), durable=True, environment={"REDIS": "{redis_port}"})
    with started(peer, tmp_path) as group:
        address = f"redis://127.0.0.1:{group.redis_port}/0"
        group.first_answer(pngs(1)[0])
        assert answers(address)
        assert (tmp_path / "appendonlydir").exists()
    assert not answers(address)


def test_an_unknown_need_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dummy needs 'postgres'"):
        started(replace(PEER, needs=("postgres",)), tmp_path).__enter__()


def test_settings_of_the_bench_do_not_reach_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASQ_BATCH_MAX", "1")
    show = "import os; print('KERASQ_BATCH_MAX' in os.environ, os.environ['OWN'])"
    peer = replace(PEER, command=("{python}", "-c", show), environment={"OWN": "{work}"})
    with started(peer, tmp_path) as group, pytest.raises(NotUp, match=f"False {tmp_path}"):
        group.first_answer(b"")
