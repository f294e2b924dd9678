"""What the tests of training share. Fixtures import what needs Keras themselves: without it the tests are skipped."""

import os
from pathlib import Path

import pytest

import training  # noqa: F401 - sets the environment before a test imports Keras
from contract.settings import Settings


@pytest.fixture
def recipe():
    from tests.training.tiny import tiny_recipe

    return tiny_recipe()


@pytest.fixture
def official(tmp_path) -> Path:
    """A small data folder of both data sets in the official format."""
    from tests.training.tiny import write_official

    write_official(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def dataset(official):
    from training import data

    return data.load("cifar10", official)


@pytest.fixture(scope="session")
def cifar() -> Path:
    """The folder of the real data; without it a test is skipped at home and fails in CI."""
    from training import data

    folder = Settings.from_env().data_dir
    missing = [name for name, files in data.FILES.items() if not (folder / data.FOLDERS[name] / files[0]).is_file()]
    if missing:
        reason = f"{', '.join(missing)} not in {folder}; set KERASQ_DATA_DIR or run python -m training.data"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return folder
