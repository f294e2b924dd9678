"""`kerasq train` and `kerasq models add` hand their words to the training room, where it can run."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli import train
from contract.card import Card


@pytest.fixture
def became(monkeypatch, settings) -> list:
    """What the process would have become: program, command, environment; with all of the extra installed."""
    became = []
    monkeypatch.setattr(train, "find_spec", lambda name: name)
    monkeypatch.setattr(os, "execve", lambda *given: became.append(given))
    return became


@pytest.mark.parametrize(
    ("words", "tail"),
    [
        (["train", "--list"], ["--list"]),
        (["train", "cifar10"], ["train", "cifar10"]),
        (
            ["train", "cifar10", "--epochs", "3", "--no-publish", "--run=/tmp/a run"],
            ["train", "cifar10", "--epochs", "3", "--no-publish", "--run=/tmp/a run"],
        ),
        (["train", "--data", "d", "cifar100"], ["train", "--data", "d", "cifar100"]),
    ],
)
def test_train_hands_all_words_on(kerasq, became, words, tail) -> None:
    kerasq(*words)
    ((program, command, environ),) = became
    assert program == sys.executable
    assert command[1:] == ["-P", "-m", "training", *tail]
    assert environ.get("CUDA_VISIBLE_DEVICES") == os.environ.get("CUDA_VISIBLE_DEVICES")


def test_train_wants_a_recipe(kerasq, became) -> None:
    done = kerasq("train")
    assert (done.exit_code, became) == (2, [])
    assert "`kerasq train --list` lists them" in done.stderr


def test_add_hands_file_name_and_labels_on(kerasq, became, settings, tmp_path: Path) -> None:
    file = tmp_path / "mine.keras"
    file.write_bytes(b"")
    kerasq("models", "add", file, "--name", "mine", "--labels", "-1,0,1", "--limits", "no zeros", "--replace")
    ((_, command, environ),) = became
    given = ["--name=mine", "--labels=-1,0,1", "--limits=no zeros", "--replace"]
    assert command[3:] == ["training", "add", *given, "--", str(file)]
    assert environ["KERASQ_MODELS_DIR"] == str(settings.models_dir)
    assert environ["CUDA_VISIBLE_DEVICES"] == "-1"


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere.keras", "--name", "mine", "--labels", "a,b"],
        [__file__, "--labels", "a,b"],
        [__file__, "--name", "mine"],
    ],
)
def test_add_without_what_it_needs_is_wrong_usage(kerasq, became, words) -> None:
    done = kerasq("models", "add", *words)
    assert (done.exit_code, became) == (2, [])
    assert done.stderr.startswith("Usage:")


@pytest.mark.parametrize("words", [["train", "cifar10"], ["models", "add", __file__, "--name", "m", "--labels", "a,b"]])
def test_without_the_extra_nothing_starts(kerasq, became, monkeypatch, words) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(train, "find_spec", lambda name: None if name in ("keras", "tensorflow") else name)
    done = kerasq(*words)
    assert (done.exit_code, became) == (2, [])
    sentence = "kerasq: this needs keras, tensorflow, not installed here; pip install -e '.[train]' brings it\n"
    assert done.stderr == sentence


def test_another_backend_needs_no_tensorflow(kerasq, became, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(train, "find_spec", lambda name: None if name == "tensorflow" else name)
    kerasq("train", "--list")
    assert len(became) == 1


def test_a_card_is_shown_with_its_limits(kerasq, settings) -> None:
    folder = settings.models_dir / "shapes"
    replace(Card.read(folder), limits="no stars").write(folder)
    assert "limits no stars" in kerasq("models", "shapes").stdout


def test_models_show_is_what_a_name_alone_does(kerasq, settings) -> None:
    assert kerasq("models", "show", "shapes").stdout == kerasq("models", "shapes").stdout
    helped = kerasq("models", "--help").stdout
    assert "  add " in helped and "  show " in helped
