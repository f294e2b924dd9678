"""Supervision, with small processes of our own in place of server, API and workers."""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import child as module
from cli import embedded, up
from cli.child import Child
from cli.stack import Stack
from contract.errors import KerasqError
from tests.cli.conftest import Full
from tests.stack import until

TRAP = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *a: {}); print('up', flush=True); time.sleep(60)"


def python(name: str, code: str) -> Child:
    return Child(name, [sys.executable, "-c", code], os.environ)


@pytest.fixture
def stack():
    stack = Stack(grace=0.5)
    yield stack
    stack.hurrying.set()
    stack.drain()


def test_a_child_that_dies_is_started_again_with_pauses(stack, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    starts = tmp_path / "starts"
    child = python("worker-1", f"open({str(starts)!r}, 'a').write('x'); raise SystemExit(1)")
    child._pause = 0.05
    stack.run(child)
    assert stack.supervise(lambda: starts.exists() and len(starts.read_text()) >= 3)
    assert child._pause >= 0.2


def test_a_child_that_ran_well_is_started_again_soon(monkeypatch) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    child = python("worker-1", "raise SystemExit(1)")
    child._pause = module.LONGEST_PAUSE
    child.start()
    child._process.wait(10)
    now += module.WELL
    assert child.tend() == 1
    assert child._due == now + module.FIRST_PAUSE


def test_a_child_that_is_misconfigured_stops_everything(stack) -> None:
    stack.run(python("api", "import sys; print('api: PORT is wrong', file=sys.stderr); sys.exit(2)"))
    with pytest.raises(KerasqError, match=r"^api cannot start: api: PORT is wrong$"):
        stack.supervise()


def test_once_all_have_served_one_that_cannot_start_ends_nobody(stack, capsys) -> None:
    stack.begun = True
    stack.run(python("api", TRAP.format("sys.exit()")), python("worker-1", "import sys; print('no'); sys.exit(2)"))
    assert stack.supervise(lambda: "worker-1 ended with 2; it is started again" in capsys.readouterr().err)
    assert stack.pids("api")


def test_a_log_that_takes_nothing_ends_nobody(stack, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    lines = "import time\nfor n in range(30_000): print('x' * 10)\nprint('end', flush=True)\ntime.sleep(60)"
    chatty = python("worker-1", lines)
    stack.run(chatty, python("worker-2", "raise SystemExit(1)"))
    assert stack.supervise(lambda: chatty.said and chatty.said[-1] == "end")
    time.sleep(0.3)
    assert stack.supervise(lambda: True)


def test_told_to_stop_it_stops_in_order(stack, tmp_path: Path) -> None:
    log = tmp_path / "log"
    names = ("redis", "api", "worker-1", "worker-2")
    children = [python(name, TRAP.format(f"(open({str(log)!r}, 'a').write('{name} '), sys.exit())")) for name in names]
    stack.run(*children)
    until(lambda: all(each.said for each in children), "all are up")
    threading.Timer(0.2, stack.stopping.set).start()
    assert not stack.supervise()
    stack.drain()
    order = log.read_text().split()
    assert (order[0], set(order[1:3]), order[3]) == ("api", {"worker-1", "worker-2"}, "redis")
    assert not any(each.running for each in children)


def test_a_worker_that_does_not_end_is_killed_after_its_grace(stack) -> None:
    child = python("worker-1", TRAP.format("None"))
    stack.run(child)
    until(lambda: child.said, "it is up")
    since = time.monotonic()
    stack.drain()
    assert not child.running
    assert 0.4 < time.monotonic() - since < 5


def test_in_a_hurry_nothing_is_waited_for() -> None:
    stack = Stack(grace=60)
    child = python("worker-1", TRAP.format("None"))
    stack.run(child)
    until(lambda: child.said, "it is up")
    stack.hurrying.set()
    since = time.monotonic()
    stack.drain()
    assert not child.running
    assert time.monotonic() - since < 5


def test_two_on_one_folder_are_refused(tmp_path: Path) -> None:
    with embedded.alone(tmp_path):
        with pytest.raises(KerasqError, match="another `kerasq up` runs on"), embedded.alone(tmp_path):
            pass
    with embedded.alone(tmp_path):
        pass


def test_up_refuses_a_port_in_use_and_a_folder_without_models(kerasq, settings, monkeypatch, tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = kerasq("up", "--port", other.getsockname()[1])
    assert done.exit_code == 2
    assert "is in use" in done.stderr
    free = embedded.free_port()
    same = kerasq("up", "--port", free, "--redis-port", free)
    assert (same.exit_code, f"--redis-port {free} is the API's port, too" in same.stderr) == (2, True)
    monkeypatch.setenv("KERASQ_MODELS_DIR", str(tmp_path / "nothing"))
    empty = kerasq("up")
    assert (empty.exit_code, "holds no model" in empty.stderr) == (2, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_in_use_is_noticed_on_addresses_of_either_kind(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(KerasqError, match=f"port {port} on {host} is in use; --port names another one"):
            embedded.demand_port(host, port, "--port")
    embedded.demand_port(host, port, "--port")


def test_an_address_that_is_not_this_machine_s_is_not_called_in_use() -> None:
    with pytest.raises(KerasqError, match=r"cannot listen on port 5000 of 192\.0\.2\.1: "):
        embedded.demand_port("192.0.2.1", 5000, "--port")


def test_a_folder_that_cannot_be_written_to_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KerasqError, match=r"KERASQ_STATE_DIR='.*file/state' cannot be written to: "):
        with embedded.alone(tmp_path / "file" / "state"):
            pytest.fail("held")


@pytest.mark.parametrize(
    ("host", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("", "127.0.0.1"), ("example.org", "example.org")],
)
def test_a_host_to_listen_on_as_it_is_reached(host: str, reached: str) -> None:
    assert up.reachable(host) == reached


def test_a_second_hang_up_is_no_hurry_and_a_ctrl_c_after_it_is(stack) -> None:
    stop = up._stopped_by(stack)
    stop(signal.SIGHUP, None)
    stop(signal.SIGHUP, None)
    assert stack.stopping.is_set()
    assert not stack.hurrying.is_set()
    stop(signal.SIGINT, None)
    assert stack.hurrying.is_set()


def test_what_a_child_started_ends_with_it(stack):
    sleeper = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    code = f"import subprocess, sys; print({sleeper}.pid, flush=True); {TRAP}"
    child = python("worker-1", code)
    stack.run(child)
    until(lambda: len(child.said) >= 2, "it is up")
    grandchild = int(child.said[0])
    stack.drain()

    def gone():
        try:
            os.kill(grandchild, 0)
        except ProcessLookupError:
            return True
        return "Z" in Path(f"/proc/{grandchild}/stat").read_text().split(")")[1][:3]

    until(gone, "what it started is gone", 5)
