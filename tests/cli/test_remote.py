"""`kerasq classify --url`: the same over HTTP, with nothing of the server here."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.app import create_app
from api.context import Context
from contract.card import Cards
from contract.errors import QueueFull
from contract.keys import add
from contract.notices import Notices
from contract.store import INDEX
from contract.submit import Submitter
from tests.cli.conftest import picture
from tests.cli.test_classify import labels, lines
from tests.client.conftest import serving


@pytest.fixture
def serve(worker, store, settings, monkeypatch, tmp_path):
    """Starts a server on the worker's store; after that no models and no Redis are to be found here."""

    def start(**changes):
        here = replace(settings, **changes)
        cards, submitter = Cards(here.models_dir), Submitter(store)
        app = create_app(Context(settings=here, cards=cards, store=store, submitter=submitter, notices=Notices(store)))
        monkeypatch.setenv("KERASQ_MODELS_DIR", str(tmp_path / "none"))
        monkeypatch.setattr("cli.ways.connect", None)
        monkeypatch.setattr("cli.patience.FIRST_PAUSE", 0.01)
        return serving(app)

    return start


@pytest.fixture
def url(serve):
    with serve() as url:
        yield url


def test_a_folder_is_answered_as_from_the_queue(kerasq, worker, store, photos, tmp_path, serve) -> None:
    (photos / "aa.png").write_bytes(b"no picture")
    picture(photos / "engine.png", 255)
    words = ("classify", photos, "--model", "shapes", "--top", 2)
    straight = kerasq(*words)
    with serve() as url:
        done = kerasq(*words, "--url", url)
    assert (done.exit_code, done.stdout) == (straight.exit_code, straight.stdout) == (1, straight.stdout)
    assert "3 classified, 2 failed" in done.stderr
    assert worker.bulk == {True}
    assert store.redis.zcard(INDEX) == 0


def test_a_server_that_takes_fewer_images_gets_smaller_jobs(kerasq, worker, tmp_path, serve) -> None:
    for number in range(20):
        picture(tmp_path / "many" / f"{number:03}.png", number % 3)
    with serve(max_images=6) as url:
        done = kerasq("classify", tmp_path / "many", "--model", "shapes", "--url", url)
    assert done.exit_code == 0, done.stderr
    rows = lines(done.stdout)
    assert [row["predictions"][0]["label"] for row in rows] == [("circle", "square", "star")[n % 3] for n in range(20)]
    assert worker.images == 20


def test_a_second_run_sends_only_what_is_missing(kerasq, worker, photos, tmp_path, url) -> None:
    words = ("classify", photos, "--model", "shapes", "-o", tmp_path / "out.ndjson", "--url", url)
    assert kerasq(*words).exit_code == 0
    picture(photos / "new.png", 1)
    assert "1 classified, 0 failed, 3 done before" in kerasq(*words).stderr
    assert worker.images == 4
    assert labels(lines((tmp_path / "out.ndjson").read_text()))["new.png"] == "square"


def test_a_key_is_asked_for_and_taken_from_the_environment(kerasq, store, worker, photos, serve, monkeypatch) -> None:
    key = add(store, "me")[1]
    with serve() as url:
        words = ("classify", photos, "--model", "shapes", "--url", url)
        refused = kerasq(*words)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr.endswith("; KERASQ_KEY or --key gives it\n")
        monkeypatch.setenv("KERASQ_KEY", key)
        assert kerasq(*words).exit_code == 0


def test_a_full_queue_is_waited_for_with_patience(kerasq, worker, photos, url, monkeypatch) -> None:
    monkeypatch.setattr("contract.errors.QueueFull.retry_after", None)
    words = ("classify", photos, "--model", "shapes", "--url", url)
    worker.refuses = [QueueFull("full")] * 2
    done = kerasq(*words)
    assert (done.exit_code, len(lines(done.stdout))) == (0, 3)
    assert "full; trying again for 60 s" in done.stderr
    worker.refuses = [QueueFull("full")] * 1000
    full = kerasq(*words, "--patience", "0.1")
    assert (full.exit_code, "gave up after 0.1 s" in full.stderr) == (3, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--model", "shapes", "--url", "http://127.0.0.1:1"], 3, "kerasq: http://127.0.0.1:1 does not answer"),
        (["--model", "shapes", "--url", "localhost"], 2, "is not an address such as"),
        (["--model", "planes", "--url", "URL"], 2, "kerasq: 'planes' is not a model here; served: shapes"),
        (["--model", "shapes", "--top", "4", "--url", "URL"], 2, "shapes has 3 classes"),
    ],
)
def test_what_cannot_begin(kerasq, photos, url, words, code, said) -> None:
    done = kerasq("classify", photos, *(url if word == "URL" else word for word in words))
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_missing_worker_is_told_once(kerasq, store, photos, url) -> None:
    store.redis.flushall()
    done = kerasq("classify", photos, "--model", "shapes", "--url", url)
    assert done.exit_code == 0
    assert done.stderr.splitlines()[0] == "no worker serves shapes yet; waiting"


@pytest.mark.parametrize(("end", "title"), [("forget", "Job lost"), ("cancel", "Job cancelled")])
def test_a_job_that_someone_else_ends_fails_its_files(kerasq, worker, store, photos, url, end, title) -> None:
    worker.before = lambda message: getattr(store, end)(message.parts[0].job_id)
    done = kerasq("classify", photos, "--model", "shapes", "--url", url)
    assert done.exit_code == 1
    assert {json.loads(line)["error"]["title"] for line in done.stdout.splitlines()} == {title}


def test_ctrl_c_takes_back_what_is_under_way(kerasq, worker, store, photos, url, tmp_path: Path, monkeypatch) -> None:
    worker.stop()

    def interrupt(*given) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.http_carrier.HttpCarrier.fetch", interrupt)
    done = kerasq("classify", photos, "--model", "shapes", "--url", url, "-o", tmp_path / "out.ndjson")
    assert done.exit_code == 130
    assert [record.status for record in store.page(10)[0]] == ["cancelled"]
