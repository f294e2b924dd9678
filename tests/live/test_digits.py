"""Bring your own model: learn digits with Keras, `kerasq models add`, and classify on every way there is."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.card import Card
from contract.settings import Settings
from tests.client import call
from tests.conftest import absent
from tests.stack import ROOT, Stack, running

pytestmark = pytest.mark.live


class Workplace:
    """A folder with the digits' model and pictures, and its own models' folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.models = folder, folder / "models"
        self.pictures = sorted((folder / "pictures").iterdir()) if (folder / "pictures").exists() else []

    def run(self, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
        """python -m WORDS, with this models' folder."""
        return subprocess.run(
            [sys.executable, "-m", *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "KERASQ_MODELS_DIR": str(self.models), **env},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def add(self, labels: str) -> subprocess.CompletedProcess[str]:
        return self.run("cli.main", "models", "add", "digits.keras", "--name", "digits", "--labels", labels)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """With `digits` added beside the shipped `cifar10`."""
    for needed in ("tensorflow", "sklearn"):
        if not importlib.util.find_spec(needed):
            absent(needed)
    folder = tmp_path_factory.mktemp("digits")
    learnt = Workplace(folder).run("tests.live.digits", folder)
    assert learnt.returncode == 0, learnt.stderr
    place = Workplace(folder)
    shutil.copytree(Settings().models_dir / "cifar10", place.models / "cifar10")
    added = place.add("labels.txt")
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith(f"{place.models / 'digits'} is added: input 8 x 8 x 1, 10 labels, ")
    return place


@pytest.fixture(scope="module")
def stack(place: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with running(folder, KERASQ_MODELS_DIR=str(place.models), KERASQ_ENGINE="openvino") as stack:
        yield stack


def right(labels: dict[str, str]) -> float:
    """The share of pictures whose name ends with their label."""
    return sum(Path(name).stem.endswith(f"-{label}") for name, label in labels.items()) / len(labels)


def posted(stack: Stack, pictures: list[Path]) -> dict[str, str]:
    answers = [
        call("POST", f"{stack.url}/digits", each.read_bytes(), "image/png", Prefer="wait=20") for each in pictures
    ]
    assert {answer.status for answer in answers} == {200}
    best = [answer.body["results"][0]["predictions"][0]["label"] for answer in answers]
    return {picture.name: label for picture, label in zip(pictures, best, strict=True)}


def test_it_learnt_something(place: Workplace) -> None:
    assert float((place.folder / "accuracy.txt").read_text()) > 0.9


def test_digits_that_it_has_not_seen_are_read_over_http(place: Workplace, stack: Stack) -> None:
    assert right(posted(stack, place.pictures)) > 0.85


def test_other_models_answer_as_before(stack: Stack) -> None:
    answer = call("POST", f"{stack.url}/cifar10", {"key": "horse.jpg"}, Prefer="wait=20").body
    assert answer["results"][0]["predictions"][0]["label"] == "horse"


@pytest.mark.parametrize("way", ["queue", "url"])
def test_the_command_line_answers_the_same(place: Workplace, stack: Stack, way: str) -> None:
    told = ("--url", stack.url) if way == "url" else ()
    done = place.run("cli.main", "classify", "pictures", "--model", "digits", *told, REDIS_URL=stack.redis_url)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    labels = {Path(row["file"]).name: row["predictions"][0]["label"] for row in rows}
    assert labels == posted(stack, place.pictures)


def test_a_tensor_of_the_v2_protocol_has_one_channel(stack: Stack) -> None:
    url = f"{stack.url}/v2/models/digits"
    assert call("GET", url).body["inputs"][0]["shape"] == [-1, 8, 8, 1]
    pixels = {"name": "pixels", "datatype": "UINT8", "shape": [1, 8, 8, 1], "data": [0] * 64}
    (output,) = call("POST", f"{url}/infer", {"inputs": [pixels]}).body["outputs"]
    assert sum(output["data"]) == pytest.approx(1, abs=0.01)


@pytest.mark.browser
def test_the_page_reads_them_too(place: Workplace, stack: Stack, browser: Any) -> None:
    page: Any = browser.new_page()
    page.goto(f"{stack.url}/?model=digits")
    page.locator("input[type=file]").set_input_files(place.pictures[:20])
    page.locator(".tile[data-state=answered]").nth(19).wait_for()
    names = page.locator(".tile-name").all_inner_texts()
    firsts = [tile.locator(".guess-label").first.inner_text() for tile in page.locator(".tile").all()]
    assert right(dict(zip(names, firsts, strict=True))) > 0.8
    assert page.locator("#about-title").inner_text() == "About digits"


def test_labels_of_another_length_are_refused(place: Workplace) -> None:
    done = place.run("cli.main", "models", "add", "digits.keras", "--name", "other", "--labels", "a,b")
    assert done.returncode == 1
    sentence = "--labels: expected 10 labels, one for each output of digits.keras, found 2"
    assert done.stderr.splitlines()[-1] == sentence
    assert not (place.models / "other").exists()


@pytest.fixture
def damaged(place: Workplace, tmp_path: Path) -> Workplace:
    """A copy of the models, to be damaged."""
    shutil.copytree(place.models / "digits", tmp_path / "models" / "digits")
    return Workplace(tmp_path)


@pytest.mark.parametrize("room", ["api", "worker"])
@pytest.mark.parametrize("file", ["model.keras", "openvino.bin", "card.json"])
def test_a_damaged_folder_is_refused_in_one_sentence(damaged: Workplace, room: str, file: str) -> None:
    path = damaged.models / "digits" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = damaged.run("cli.main", room, KERASQ_ENGINE="openvino")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{room}: {damaged.models / 'digits'}/")
    assert "expected" in done.stderr and "found" in done.stderr and done.stderr.count("\n") == 1


def test_a_card_with_a_label_too_many_is_refused_by_the_worker(damaged: Workplace) -> None:
    path = damaged.models / "digits" / "card.json"
    path.write_text(path.read_text().replace('"9"', '"9",\n    "10"'))
    assert len(Card.read(path.parent).labels) == 11
    done = damaged.run("cli.main", "worker", KERASQ_ENGINE="openvino")
    assert done.returncode == 2
    assert done.stderr == f"worker: {path.parent / 'openvino.xml'}: expected 11 outputs, one a label, found 10\n"
