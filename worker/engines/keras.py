"""Keras, on whatever its backend finds: the engine for a GPU."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from contract.card import WEIGHTS
from contract.errors import BadModel
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
        try:
            self._model = keras.saving.load_model(self.path, compile=False)
            self.input_shape = tuple(self._model.input_shape[1:])
            self.classes = int(self._model.output_shape[-1])
        except Exception as error:  # reading somebody's model may raise anything
            reason = str(error).strip().splitlines()[-1:]
            raise BadModel(f"{self.path}: expected a Keras model, found none that loads ({' '.join(reason)})") from None
        if settings.precision == "bfloat16":
            self._model = _in_bfloat16(self._model)
        self.name = f"keras {keras.backend.backend()} {'bfloat16' if settings.precision == 'bfloat16' else 'float32'}"

    def predict(self, batch: np.ndarray) -> np.ndarray:
        return np.asarray(self._model.predict_on_batch(batch), np.float32)


def _in_bfloat16(model: Any) -> Any:
    import keras

    def mixed(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        config = layer.get_config()
        keeps = layer is model.layers[-1] or isinstance(layer, keras.layers.InputLayer)
        return type(layer).from_config(config if keeps else {**config, "dtype": "mixed_bfloat16"})

    copy = keras.models.clone_model(model, clone_function=mixed)
    copy.set_weights(model.get_weights())
    return copy
