"""What Keras computes with; asked for before Keras is imported, which raises whatever an absent one does."""

import os
from importlib.util import find_spec

from training.errors import TrainingError

#: Those that Keras trains on, the one first that it takes by itself.
TRAINING = ("tensorflow", "jax", "torch")


def demand() -> None:
    """Raise TrainingError where KERAS_BACKEND names none that trains, or one that is not installed."""
    name = os.environ.get("KERAS_BACKEND") or TRAINING[0]
    if name not in TRAINING:
        raise TrainingError(f"KERAS_BACKEND={name} is none of {', '.join(TRAINING)}, which Keras trains on")
    if not find_spec(name):
        raise TrainingError(f"KERAS_BACKEND={name} is not installed here; pip install {name}, or leave it unset")
