"""What Keras computes with is asked for before Keras is there to raise."""

import pytest

from training import backend
from training.__main__ import main
from training.errors import TrainingError


@pytest.mark.parametrize("name", ["nonsense", "openvino", "numpy"])
def test_a_backend_that_trains_nothing_is_refused(monkeypatch, capsys, name):
    monkeypatch.setenv("KERAS_BACKEND", name)
    for command in (["--list"], ["train", "cifar10"], ["evaluate", "cifar10"]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert said == f"KERAS_BACKEND={name} is none of tensorflow, jax, torch, which Keras trains on\n"


def test_a_backend_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(backend, "find_spec", lambda name: None if name == "jax" else name)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(TrainingError, match=r"^KERAS_BACKEND=jax is not installed here; pip install jax"):
        backend.demand()
    monkeypatch.delenv("KERAS_BACKEND")
    backend.demand()
