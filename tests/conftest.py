"""What all tests share: settings, a store on fakeredis, a model folder, the real stack."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest

from contract.card import Card, Input, sha256
from contract.settings import Settings
from contract.store import Store
from tests.browser.chromium import executable, launched
from tests.stack import Stack, running


def absent(what: str) -> None:
    """A missing service: skip at home, fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is missing")


def pytest_sessionstart() -> None:
    """Tests of what is not installed are skipped; in CI all of it must be."""
    lacking = [module for module in ("keras", "tensorflow", "tritonclient") if not importlib.util.find_spec(module)]
    if os.environ.get("CI") and lacking:
        pytest.exit(f"{', '.join(lacking)} is missing, and CI must have it", returncode=1)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of one model, `shapes`, with three labels and weights that are no weights at all."""
    folder = tmp_path / "models" / "shapes"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_bytes(b"not really")
    Card(
        name="shapes",
        labels=("circle", "square", "star"),
        input=Input(height=8, width=8),
        files={"model.keras": sha256(folder / "model.keras")},
        limits="Shapes alone.",
    ).write(folder)
    return folder.parent


@pytest.fixture
def settings(models: Path, tmp_path: Path) -> Settings:
    return Settings(models_dir=models, state_dir=tmp_path / "state")


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(fakeredis.FakeRedis(), settings)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole of kerasq with one worker on the shipped models."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if importlib.util.find_spec("playwright") is None:
        absent("playwright")
    if executable() is None:
        absent("Chromium")
    with launched() as browser:
        yield browser
