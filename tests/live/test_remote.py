"""`kerasq classify --url`: over HTTP as from the queue, against the real API, server and worker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from client import Client
from contract.settings import Settings
from tests.client import call
from tests.stack import ROOT, Stack, until

pytestmark = pytest.mark.live
COUNT = 300


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0)
    for number in range(COUNT):
        coarse = Image.fromarray(noise.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((48, 40), Image.Resampling.BICUBIC).save(folder / f"{number:03}.png")
    return folder


class Here:
    """A machine with `kerasq` and nothing else: no models, no Redis."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.url, self.straight = stack.url, stack.env
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("KERASQ_", "REDIS"))}
        self.env |= {"KERASQ_MODELS_DIR": str(folder / "none"), "REDIS_URL": "redis://127.0.0.1:1/0"}

    def start(self, *words: object, url: bool = True) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cli.main", "classify", *map(str, words), "--model", "cifar10"]
        command += ["--url", self.url] if url else []
        env = self.env if url else self.straight
        return subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words: object, url: bool = True) -> tuple[int, list[dict], str]:
        process = self.start(*words, url=url)
        out, err = process.communicate(timeout=120)
        return process.returncode, [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def here(stack: Stack, tmp_path: Path) -> Here:
    return Here(stack, tmp_path)


def assert_agree(over_http: list[dict], straight: list[dict]) -> None:
    assert [row["file"] for row in over_http] == [row["file"] for row in straight]
    for one, other in zip(over_http, straight, strict=True):
        assert [each["label"] for each in one["predictions"]] == [each["label"] for each in other["predictions"]]
        pairs = zip(one["predictions"], other["predictions"], strict=True)
        assert all(abs(a["probability"] - b["probability"]) < 1e-3 for a, b in pairs)


def rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def jobs(stack: Stack) -> list[dict]:
    return call("GET", f"{stack.url}/jobs?limit=500").body["jobs"]


def test_the_answers_are_those_of_the_queue(here: Here, photos: Path) -> None:
    code, straight, _ = here.run(photos, url=False)
    assert (code, len(straight)) == (0, COUNT)
    code, over_http, said = here.run(photos)
    assert code == 0, said
    assert_agree(over_http, straight)


def test_a_run_that_was_killed_goes_on(here: Here, stack: Stack, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    os.kill(stack.workers[0].pid, signal.SIGSTOP)  # so that it is killed while jobs are under way
    try:
        before = len(jobs(stack))
        process = here.start(photos, "-o", out, "--no-resume")
        until(lambda: len(jobs(stack)) >= before + 2, "its jobs are there")
        process.kill()
        process.communicate(timeout=20)
    finally:
        os.kill(stack.workers[0].pid, signal.SIGCONT)
    with out.open("ab") as file:
        file.write(b'{"file":"/torn')
    code, _, said = here.run(photos, "-o", out)
    assert code == 0, said
    assert [row["file"] for row in rows(out)] == [f"{photos}/{number:03}.png" for number in range(COUNT)]


def test_an_api_that_is_restarted_in_the_middle_is_waited_for(
    here: Here, stack: Stack, photos: Path, tmp_path: Path
) -> None:
    straight = here.run(photos, url=False)[1]
    out = tmp_path / "out.ndjson"
    os.kill(stack.workers[0].pid, signal.SIGSTOP)
    try:
        before = len(jobs(stack))
        process = here.start(photos, "-o", out)
        until(lambda: len(jobs(stack)) >= before + 1, "it has begun")
        stack.stop_api()
    finally:
        os.kill(stack.workers[0].pid, signal.SIGCONT)
    stack.start_api()
    _, said = process.communicate(timeout=90)
    assert process.returncode == 0, said
    assert_agree(rows(out), straight)


def test_a_python_client_gets_what_the_photo_shows(stack: Stack) -> None:
    with Client(stack.url) as client:
        (result,) = client.classify(Settings().images_dir / "truck.jpg", "cifar10")
        assert "truck" in [each.label for each in result.predictions]
        assert client.queues()["cifar10"].workers == 1
