"""What runs a model on this machine, behind one interface."""

import importlib.util
from pathlib import Path

from contract import probe
from contract.card import CARD, Card
from contract.errors import BadModel, BadSetting
from contract.settings import Settings
from worker.engines.engine import Engine, Warmed

#: What each engine imports, and what pip installs for it.
PACKAGES = {"keras": ("tensorflow", "-e '.[keras]'"), "openvino": ("openvino", "openvino")}


def choose(settings: Settings) -> str:
    """The engine that the setting names; for `auto`, Keras where a GPU and TensorFlow are, else OpenVINO."""
    if settings.engine != "auto":
        return settings.engine
    gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    return "keras" if gpu and importlib.util.find_spec("tensorflow") else "openvino"


def open_engine(card: Card, folder: Path, settings: Settings) -> Engine:
    """Load the model in `folder`, check it against its card and run it once at every batch size.

    Raises BadModel with one sentence saying what was expected and what was found; BadSetting where the engine is not
    installed or has not the arithmetic.
    """
    card.verify(folder)
    name = choose(settings)
    package, brought_by = PACKAGES[name]
    if not importlib.util.find_spec(package):
        raise BadSetting(f"the engine is {name}, which is not installed; `pip install {brought_by}` brings it")
    if name == "keras" and settings.precision == "int8":
        raise BadSetting("KERASQ_PRECISION=int8 is arithmetic of the engine openvino; the engine is keras")
    engine: Engine
    if name == "keras":
        from worker.engines.keras import KerasEngine

        engine = KerasEngine(folder, settings)
    else:
        from worker.engines.openvino import open_openvino

        engine = open_openvino(folder, settings)
    if engine.path.name not in card.files:  # a file of another day's weights may lie there
        raise BadModel(f"{folder / CARD}: expected a sha256 of {engine.path.name}, found none")
    if engine.input_shape != card.input.shape:
        raise BadModel(f"{engine.path}: expected an input of {card.input.shape}, found {engine.input_shape}")
    if engine.classes != len(card.labels):
        raise BadModel(f"{engine.path}: expected {len(card.labels)} outputs, one a label, found {engine.classes}")
    probe.check(engine.path, engine.predict(probe.sample(card.input)), engine.classes)
    return Warmed(engine, settings.batch_max)
