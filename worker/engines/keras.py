"""Keras, on whatever its backend finds: the engine for a GPU."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from contract.card import WEIGHTS
from contract.errors import BadModel
from contract.kerasfile import reconfigured
from contract.settings import Settings


class KerasEngine:
    """`model.keras` through `predict_on_batch`."""

    #: Few, since each is traced, and large ones too: a GPU gains by every image more.
    sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024)

    def __init__(self, folder: Path, settings: Settings) -> None:
        # TensorFlow reads these when it is imported: take GPU memory as needed, and use oneDNN on every CPU.
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import keras

        self.path = folder / WEIGHTS
        bfloat16 = settings.precision == "bfloat16"
        try:
            with reconfigured(self.path, _in_bfloat16) if bfloat16 else nullcontext(self.path) as file:
                self._model = keras.saving.load_model(file, compile=False)
            self.input_shape = tuple(self._model.input_shape[1:])
            self.classes = int(self._model.output_shape[-1])
        except Exception as error:  # reading somebody's model may raise anything
            reason = str(error).strip().splitlines()[-1:]
            raise BadModel(f"{self.path}: expected a Keras model, found none that loads ({' '.join(reason)})") from None
        self.name = f"keras {keras.backend.backend()} {'bfloat16' if bfloat16 else 'float32'}"

    def predict(self, batch: np.ndarray) -> np.ndarray:
        return np.asarray(self._model.predict_on_batch(batch), np.float32)


def _in_bfloat16(layer: dict[str, Any], *, last: bool = True) -> dict[str, Any]:
    """The configuration of a layer and of those in it, as far as they compute in float32; the last one still does."""
    config = dict(layer["config"])
    if inner := config.get("layers"):
        config["layers"] = [_in_bfloat16(each, last=last and each is inner[-1]) for each in inner]
    elif not last and layer["class_name"] != "InputLayer" and _is_float32(config.get("dtype")):
        config["dtype"] = "mixed_bfloat16"
    return {**layer, "config": config}


def _is_float32(policy: Any) -> bool:
    return policy == "float32" or (isinstance(policy, dict) and policy.get("config") == {"name": "float32"})
