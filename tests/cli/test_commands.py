import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest

from cli import embedded, processes
from cli.address import read_settings, url_file
from cli.jobs import age
from cli.main import COMMANDS, main
from contract.jobs import Job, Prediction, Result
from contract.message import pack
from contract.settings import Settings, variable
from contract.signals import heed
from tests.stack import ROOT, Stack


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_an_example(kerasq, command) -> None:
    done = kerasq(command, "--help")
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert lines[1].startswith(f"kerasq {command}")


def test_help_lists_each_command_with_a_sentence(kerasq) -> None:
    text = kerasq("--help").stdout
    for command in COMMANDS:
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {command} ")]
        assert line.endswith(".")


def test_redis_is_where_the_variable_says_else_the_file_else_the_default(settings) -> None:
    environ = {"KERASQ_STATE_DIR": str(settings.state_dir)}
    assert read_settings(environ).redis_url == Settings().redis_url
    settings.state_dir.mkdir()
    url_file(settings.state_dir).write_text("redis://127.0.0.1:7/0\n")
    assert read_settings(environ).redis_url == "redis://127.0.0.1:7/0"
    assert read_settings({**environ, "REDIS_URL": "redis://there/1"}).redis_url == "redis://there/1"


def test_jobs_are_listed_shown_cancelled_and_forgotten(kerasq, store) -> None:
    assert kerasq("jobs").stdout == "no jobs\n"
    first, second = Job(model="shapes", images=2, names=("x.png", "y.png")), Job(model="shapes", images=1)
    (message,) = pack([(first, np.zeros((2, 8, 8, 3), np.uint8))])
    store.create([first, second], [message])
    answers = [Result(predictions=(Prediction(label="star", probability=0.75),)), Result(error=("Engine error", "no"))]
    store.finish(message, "0123", [answers])

    listed = json.loads(kerasq("jobs", "--json").stdout)
    assert {each["id"]: (each["status"], each["done"]) for each in listed} == {
        first.id: ("succeeded", 2),
        second.id: ("queued", 0),
    }
    assert len(kerasq("jobs", "--limit", 1).stdout.splitlines()) == 2
    shown = kerasq("jobs", first.id).stdout
    assert "x.png  star 75.0%" in shown
    assert "y.png  Engine error: no" in shown
    assert json.loads(kerasq("jobs", first.id, "--json").stdout)["results"] == [
        {"name": "x.png", "predictions": [{"label": "star", "probability": 0.75, "percentage": 75.0}]},
        {"name": "y.png", "error": {"title": "Engine error", "detail": "no"}},
    ]

    assert kerasq("jobs", second.id, "--cancel").exit_code == 0
    again = kerasq("jobs", second.id, "--cancel")
    assert again.exit_code == 2 and "has ended" in again.stderr
    assert kerasq("jobs", second.id, "--forget").exit_code == 0
    gone = kerasq("jobs", second.id)
    assert gone.exit_code == 2
    assert gone.stderr == f"kerasq: no job has the id '{second.id}'\n"


def test_what_others_named_does_not_steer_the_terminal(kerasq, store) -> None:
    one = Job(model="shapes", images=1, names=("\x1b]0;mine\x07\nall.png",))
    store.create([one], pack([(one, np.zeros((1, 8, 8, 3), np.uint8))]))
    assert kerasq("jobs", one.id).stdout.endswith("\n\\x1b]0;mine\\x07\\x0aall.png  -\n")


def test_jobs_wants_an_id_to_cancel(kerasq) -> None:
    assert kerasq("jobs", "--cancel").exit_code == 2


def test_models_say_who_serves_them(kerasq, worker) -> None:
    (row,) = json.loads(kerasq("models", "--json").stdout)
    assert (row["name"], row["classes"], row["input"], row["workers"]) == ("shapes", 3, [8, 8, 3], 1)
    assert len(row["version"]) == 12
    assert kerasq("models").stdout.split()[-2:] == ["1", "0"]


def test_models_without_redis_have_a_dash(kerasq, settings, monkeypatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    done = kerasq("models")
    assert done.exit_code == 0
    assert done.stdout.split()[-2:] == ["—", "—"]


def test_one_model_shows_its_card(kerasq, settings) -> None:
    assert "circle, square, star" in kerasq("models", "shapes").stdout
    assert json.loads(kerasq("models", "shapes", "--json").stdout)["labels"] == ["circle", "square", "star"]
    assert kerasq("models", "planes").exit_code == 2


def test_settings_are_all_there(kerasq, settings, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")  # of a terminal, which a pipe is not
    table, markdown = kerasq("settings").stdout, kerasq("settings", "--markdown").stdout
    for each in fields(Settings):
        assert variable(each) in table
        assert f"| `{variable(each)}` |" in markdown
    assert str(ROOT) not in markdown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@there:6379/0", "redis://:***@there:6379/0"),
        ("rediss://user:secret@there/1", "rediss://user:***@there/1"),
        ("redis://u:p%40x:y@there/0", "redis://u:***@there/0"),
        ("rediss://there/0?ssl_password=secret&ssl_check_hostname=false", "ssl_password=***&ssl_check_hostname=false"),
        ("redis://there:6379/0", "redis://there:6379/0"),
    ],
)
def test_settings_show_no_secret(kerasq, monkeypatch, url, shown) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setenv("KERASQ_CALLBACK_SECRET", "secret")
    monkeypatch.setenv("COLUMNS", "300")
    said = kerasq("settings").stdout
    assert shown in said
    assert ":secret" not in said and " secret " not in said


def test_a_bad_setting_is_one_line(kerasq, monkeypatch) -> None:
    monkeypatch.setenv("KERASQ_PORT", "many")
    done = kerasq("settings")
    assert done.exit_code == 2
    assert done.stderr == "kerasq: KERASQ_PORT='many' is not of type int\n"


def test_health_is_an_exit_code(kerasq, worker, store) -> None:
    assert kerasq("health").exit_code == 0
    assert kerasq("health", "--worker").exit_code == 0
    store.redis.flushall()
    ill = kerasq("health")
    assert (ill.exit_code, ill.stderr) == (1, "kerasq: no worker serves shapes\n")
    assert kerasq("health", "--worker").exit_code == 1


def test_health_without_redis(kerasq, settings, monkeypatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    done = kerasq("health")
    assert done.exit_code == 1
    assert done.stderr.startswith("kerasq: Redis does not answer")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_a_command_as_ctrl_c_does(monkeypatch, number, code) -> None:
    heard = {}
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_DFL)  # whatever these tests run under
    monkeypatch.setattr(signal, "signal", lambda number, heed: heard.update({number: heed}))
    monkeypatch.setattr("cli.main.cli", lambda **_: heard[number](number, None))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code


def test_under_nohup_a_closed_terminal_ends_nothing(monkeypatch) -> None:
    heard = []
    monkeypatch.setattr(signal, "signal", lambda number, _: heard.append(number))
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    heed(lambda number, frame: None, signal.SIGINT)
    assert heard == [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("name", ["", " ", "two\nlines"])
def test_a_key_s_name_can_be_read(kerasq, settings, name) -> None:
    done = kerasq("keys", "add", name)
    assert done.exit_code == 2
    assert "on one line" in done.stderr


def test_the_api_s_port_is_tried_before(kerasq, settings, monkeypatch) -> None:
    monkeypatch.setattr(os, "execve", lambda *given: pytest.fail("it was started"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = kerasq("api", "--host", "127.0.0.1", "--port", port)
    assert done.exit_code == 2
    assert str(port) in done.stderr


def test_health_starts_without_what_is_heavy() -> None:
    heavy = "{'celery', 'openvino', 'PIL', 'rich', 'flask'}"
    code = f"import sys, cli.main, cli.health; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("words", "tail"),
    [
        (["api", "--port", "7000"], ["-P", "-m", "api"]),
        (["worker", "--models", "shapes"], ["-P", "-m", "worker", "--models", "shapes"]),
    ],
)
def test_api_and_worker_become_their_processes(kerasq, settings, monkeypatch, words, tail) -> None:
    became = []
    monkeypatch.setattr(os, "execve", lambda *given: became.append(given))
    kerasq(*words)
    ((program, command, environ),) = became
    assert program == sys.executable
    assert command[1:] == tail
    assert environ["REDIS_URL"] == settings.redis_url
    assert environ["KERASQ_PORT"] == ("7000" if "--port" in words else "5000")


def test_workers_share_the_cores(settings, monkeypatch) -> None:
    monkeypatch.delenv("KERASQ_ENGINE_THREADS", raising=False)
    monkeypatch.setattr(processes, "cores", lambda: 8)
    assert processes.environment(settings, 3)["KERASQ_ENGINE_THREADS"] == "2"
    assert processes.environment(settings, 9)["KERASQ_ENGINE_THREADS"] == "1"
    monkeypatch.setenv("KERASQ_ENGINE_THREADS", "5")
    assert processes.environment(settings, 3)["KERASQ_ENGINE_THREADS"] == "5"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (7300, "2 h"), (2e5, "2 d")]
)
def test_age(seconds, words) -> None:
    assert age(seconds) == words


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("server"))
    stack.start_redis()
    yield stack
    stack.stop()


@pytest.mark.live
@pytest.mark.parametrize("command", ["settings", "models", "jobs", "keys add x"])
@pytest.mark.parametrize("end", [">/dev/full", ">&-"])
def test_an_output_that_takes_nothing_is_one_line(server, command, end) -> None:
    words = f"{sys.executable} -m cli.main {command} {end}"
    done = subprocess.run(["sh", "-c", words], env=server.env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] in ("kerasq: No space left on device", "kerasq: not writable")
    assert not server.client().exists("kerasq:keys"), "a key that nobody saw"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("classify", ".", "--model", "shapes", "--key", "k"), "--key is for --url"),
        (("classify", ".", "--model", "shapes", "--url", ""), "'' is not an address"),
        (("jobs", "x", "--limit", "3"), "--limit is for the list"),
        (("jobs", "x", "--cancel", "--json"), "--json cannot be combined with --cancel"),
        (("up", "--redis-port", "7"), "--redis-port is for the embedded server"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(kerasq, settings, monkeypatch, words, sentence) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    done = kerasq(*words)
    assert done.exit_code == 2 and sentence in done.stderr


def test_the_embedded_server_has_the_port_of_last_time_if_it_is_free(tmp_path) -> None:
    first = embedded.same_port(tmp_path, 5000)
    assert embedded.same_port(tmp_path, 5000) == first
    assert embedded.same_port(tmp_path, first) != first, "the API's own"
    (tmp_path / "redis-port").write_text(f"{first}\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert embedded.same_port(tmp_path, 5000) != first
    (tmp_path / "redis-port").write_text("no number")
    assert embedded.same_port(tmp_path, 5000) > 0
