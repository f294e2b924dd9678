"""What runs a model on this machine, behind one interface."""

import importlib.util
from pathlib import Path

from contract.card import Card
from contract.errors import BadModel, BadSetting
from contract.settings import Settings
from worker.engines.engine import Engine, Warmed


def choose(settings: Settings) -> str:
    """The engine that the setting names; for `auto`, Keras where a GPU and TensorFlow are, else OpenVINO."""
    if settings.engine != "auto":
        return settings.engine
    gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    return "keras" if gpu and importlib.util.find_spec("tensorflow") else "openvino"


def open_engine(card: Card, folder: Path, settings: Settings) -> Engine:
    """Load the model in `folder`, check it against its card and run it once at every batch size.

    Raises BadModel with one sentence saying what was expected and what was found; BadSetting where the engine is not
    installed.
    """
    card.verify(folder)
    name = choose(settings)
    if not importlib.util.find_spec({"keras": "tensorflow", "openvino": "openvino"}[name]):
        raise BadSetting(f"the engine is {name}, which is not installed; `pip install kerasq[{name}]` brings it")
    engine: Engine
    if name == "keras":
        from worker.engines.keras import KerasEngine

        engine = KerasEngine(folder, settings)
    else:
        from worker.engines.openvino import OpenVinoEngine

        engine = OpenVinoEngine(folder, settings)
    if engine.input_shape != card.input.shape:
        raise BadModel(f"{folder}: expected an input of {card.input.shape}, found {engine.input_shape}")
    if engine.classes != len(card.labels):
        raise BadModel(f"{folder}: expected {len(card.labels)} outputs, one a label, found {engine.classes}")
    return Warmed(engine, settings.batch_max)
