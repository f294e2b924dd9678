import csv
import io
import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from cli.classify import Log
from contract.card import Card, Input
from contract.errors import QueueFull, QueueUnavailable
from contract.store import INDEX
from tests.cli.conftest import picture


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def labels(rows: list[dict]) -> dict[str, str]:
    return {Path(row["file"]).name: row["predictions"][0]["label"] for row in rows}


def test_a_folder_comes_out_as_ndjson_in_a_pipe(kerasq, worker, store, photos) -> None:
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 0
    rows = lines(done.stdout)
    assert [row["file"] for row in rows] == [f"{photos}/{name}" for name in ("a.png", "b.png", "deep/c.png")]
    assert labels(rows) == {"a.png": "circle", "b.png": "square", "c.png": "star"}
    assert [len(row["predictions"]) for row in rows] == [3, 3, 3]
    assert done.stderr.startswith("3 classified, 0 failed, ")
    assert worker.bulk == {True}
    assert store.redis.zcard(INDEX) == 0


def test_a_dash_is_stdout(kerasq, worker, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = kerasq("classify", photos, "--model", "shapes", "-o", "-")
    assert len(lines(done.stdout)) == 3
    assert not Path("-").exists()


def test_a_model_of_one_channel_gets_grey(kerasq, worker, settings, photos) -> None:
    folder = settings.models_dir / "shapes"
    replace(Card.read(folder), input=Input(height=6, width=4, channels=1)).write(folder)
    shapes = []
    worker.before = lambda message: shapes.append(message.pixels.shape)
    assert kerasq("classify", photos, "--model", "shapes").exit_code == 0
    assert shapes == [(3, 6, 4, 1)]


def test_bad_files_are_reported_and_the_rest_go_on(kerasq, worker, photos) -> None:
    (photos / "aa.png").write_bytes(b"no picture")
    picture(photos / "engine.png", 255)
    done = kerasq("classify", photos, "/etc/hostname", "--model", "shapes", "--top", 1)
    assert done.exit_code == 1
    errors = {Path(row["file"]).name: row["error"]["title"] for row in lines(done.stdout) if "error" in row}
    assert errors == {"aa.png": "Not an image", "engine.png": "Engine error", "hostname": "Not an image"}
    assert "3 classified, 3 failed" in done.stderr


def test_csv_by_the_suffix_of_the_output(kerasq, worker, photos, tmp_path) -> None:
    out = tmp_path / "out.csv"
    done = kerasq("classify", photos, "--model", "shapes", "--top", 2, "-o", out)
    assert done.stdout == ""
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["label_2"] for row in rows] == ["square", "star", "circle"]
    assert [row["error"] for row in rows] == ["", "", ""]


def test_a_model_of_two_labels_gives_both(kerasq, worker, settings, photos) -> None:
    folder = settings.models_dir / "shapes"
    replace(Card.read(folder), labels=("circle", "square")).write(folder)
    rows = lines(kerasq("classify", photos, "--model", "shapes").stdout)
    assert [len(row["predictions"]) for row in rows] == [2, 2, 2]


def test_a_table_when_asked(kerasq, worker, photos) -> None:
    done = kerasq("classify", photos, "--model", "shapes", "--format", "table")
    assert done.stdout.splitlines()[0].split() == ["file", "label", "label", "label"]
    assert len(done.stdout.splitlines()) >= 4


def test_a_folder_without_images_is_said_to_be_one(kerasq, worker, tmp_path) -> None:
    (tmp_path / "notes.txt").touch()
    done = kerasq("classify", tmp_path, "--model", "shapes")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("no image files found; those of a folder end in .bmp, .gif, ")


def test_more_files_than_a_chunk_keep_their_order(kerasq, worker, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cli.window.CHUNK", 7)
    for number in range(40):
        picture(tmp_path / "many" / f"{number:03}.png", number % 3)
    rows = lines(kerasq("classify", tmp_path / "many", "--model", "shapes", "--window", 2).stdout)
    assert [row["predictions"][0]["label"] for row in rows] == [("circle", "square", "star")[n % 3] for n in range(40)]


def test_a_second_run_sends_only_what_is_missing(kerasq, worker, photos, tmp_path) -> None:
    out = tmp_path / "out.ndjson"
    (photos / "bad.png").write_bytes(b"no picture")
    assert kerasq("classify", photos, "--model", "shapes", "-o", out).exit_code == 1
    with out.open("ab") as file:
        file.write(b'{"file":"/torn')
    out.chmod(0o640)
    picture(photos / "bad.png", 2)
    picture(photos / "new.png", 1)
    again = kerasq("classify", photos, "--model", "shapes", "-o", out)
    assert again.exit_code == 0
    assert "2 classified, 0 failed, 3 done before" in again.stderr
    assert out.stat().st_mode & 0o777 == 0o640
    assert worker.images == 5
    rows = lines(out.read_text())
    assert len({row["file"] for row in rows}) == len(rows) == 5
    assert labels(rows)["bad.png"] == "star"


def test_no_resume_starts_over(kerasq, worker, photos, tmp_path) -> None:
    out = tmp_path / "out.csv"
    for _ in range(2):
        assert kerasq("classify", photos, "--model", "shapes", "-o", out, "--no-resume").exit_code == 0
    assert worker.images == 6
    assert len(out.read_text().splitlines()) == 4


def test_two_runs_do_not_write_one_output(kerasq, worker, photos, tmp_path) -> None:
    out = tmp_path / "out.csv"
    second = []
    worker.before = lambda message: second.append(kerasq("classify", photos, "--model", "shapes", "-o", out))
    (photos / "aa.png").write_bytes(b"no picture")
    assert kerasq("classify", photos, "--model", "shapes", "-o", out).exit_code == 1
    (refused,) = second
    assert (refused.exit_code, refused.stderr) == (2, f"kerasq: {out}: another run writes to it\n")
    picture(photos / "aa.png", 255 // 2)
    second.clear()
    assert kerasq("classify", photos, "--model", "shapes", "-o", out).exit_code == 0  # another file takes its place
    assert [each.exit_code for each in second] == [2]
    assert len(out.read_text().splitlines()) == 5


def test_another_file_is_not_overwritten_by_mistake(kerasq, worker, photos, tmp_path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary\n")
    done = kerasq("classify", photos, "--model", "shapes", "-o", tmp_path / "diary.txt")
    assert done.exit_code == 2
    assert done.stderr.startswith("kerasq: ") and done.stderr.count("\n") == 1
    assert (tmp_path / "diary.txt").read_text() == "Dear diary\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "planes"], "kerasq: 'planes' is not a model here; served: shapes"),
        (["--model", "shapes", "/no/such/path"], "does not exist"),
        (["--model", "shapes", "--top", "4"], "shapes has 3 classes"),
        (["--model", "shapes", "--top", "0"], "--top"),
        (["--model", "shapes", "--format", "table", "-o", "x"], "csv or ndjson"),
        (["--model", "shapes", "-o", "/no/such/folder/x.csv"], "kerasq: /no/such/folder/x.csv: cannot be written"),
        (["--model", "shapes", "-o", "/dev/full"], "kerasq: /dev/full: cannot be written: No space left"),
        (["--model", "shapes", "--patience", "nan"], "'nan' is not a number of seconds"),
        ([], "--model"),
    ],
)
def test_wrong_usage(kerasq, worker, photos, words, said) -> None:
    done = kerasq("classify", photos, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_redis_at_the_start_is_said_at_once(kerasq, settings, photos, monkeypatch) -> None:
    monkeypatch.setattr("cli.ways.connect", lambda settings: redis.Redis(port=1, retry=None))
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 3
    assert done.stderr.startswith("kerasq: Redis does not answer")


def test_a_full_queue_at_the_start_is_waited_for_as_long_as_was_asked(kerasq, worker, photos) -> None:
    worker.refuses = [QueueFull("full")]
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 0
    assert "full; trying again for 60 s" in done.stderr
    worker.refuses = [QueueFull("full")] * 9
    done = kerasq("classify", photos, "--model", "shapes", "--patience", "0")
    assert done.exit_code == 3
    assert "full; gave up after 0 s" in done.stderr


def test_a_queue_that_is_away_for_a_while_is_waited_for(kerasq, worker, photos, monkeypatch) -> None:
    monkeypatch.setattr("cli.window.CHUNK", 1)
    monkeypatch.setattr("cli.patience.FIRST_PAUSE", 0.001)
    create, created = worker.create, []

    def fail_in_the_middle(*given):
        created.append(1)
        if len(created) in (2, 3, 5):
            raise QueueUnavailable("away")
        create(*given)

    monkeypatch.setattr(worker, "create", fail_in_the_middle)
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 0
    assert labels(lines(done.stdout)) == {"a.png": "circle", "b.png": "square", "c.png": "star"}


def test_patience_ends_with_a_resumable_output(kerasq, worker, photos, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cli.window.CHUNK", 1)
    worker.before = lambda message: worker.refuses.extend([QueueUnavailable("away")] * 100)
    words = ("classify", photos, "--model", "shapes", "-o", tmp_path / "out.ndjson", "--window", 1)
    done = kerasq(*words, "--patience", "0.05")
    assert done.exit_code == 3
    assert "gave up after 0.05 s" in done.stderr
    worker.refuses, worker.before = [], lambda message: None
    assert kerasq(*words).exit_code == 0
    assert len(lines((tmp_path / "out.ndjson").read_text())) == 3


@pytest.mark.parametrize(("end", "title"), [("forget", "Job lost"), ("cancel", "Job cancelled")])
def test_a_job_that_someone_else_ends_fails_its_files(kerasq, worker, store, photos, end, title) -> None:
    worker.before = lambda message: getattr(store, end)(message.parts[0].job_id)
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 1
    assert {row["error"]["title"] for row in lines(done.stdout)} == {title}


def test_ctrl_c_takes_back_what_is_under_way(kerasq, worker, store, photos, tmp_path, monkeypatch) -> None:
    worker.stop()

    def interrupt(*given) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.carrier.RedisCarrier.fetch", interrupt)
    out = tmp_path / "out.ndjson"
    done = kerasq("classify", photos, "--model", "shapes", "-o", out)
    assert done.exit_code == 130
    assert done.stderr == "stopped; the same command goes on from here\n"
    assert [record.status for record in store.page(10)[0]] == ["cancelled"]
    assert out.read_text() == ""


def test_a_missing_worker_is_told_once(kerasq, worker, store, photos) -> None:
    store.redis.flushall()
    done = kerasq("classify", photos, "--model", "shapes")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0] == "no worker serves shapes yet; waiting"


def test_a_log_whose_reader_has_gone_is_written_no_more() -> None:
    read, write = os.pipe()
    os.close(read)
    with suppress(BrokenPipeError), os.fdopen(write, "w") as pipe:
        log = Log(file=pipe)
        log.say("one")
        log.say("another")
        assert log.quiet
