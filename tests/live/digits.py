"""A classifier that is not ours: scikit-learn's digits, 8 x 8 and grey, learnt with Keras in seconds.

python -m tests.live.digits FOLDER
"""

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

#: The first so many are not learnt from.
HELD_OUT = 300


def images() -> tuple[np.ndarray, np.ndarray]:
    """uint8 (1797, 8, 8, 1) and their digits."""
    pixels, digits = load_digits(return_X_y=True)
    return np.round(pixels.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8), digits


def learn() -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    pixels, digits = images()
    model.fit(pixels[HELD_OUT:], digits[HELD_OUT:], batch_size=128, epochs=12, verbose=0)
    return model


def main(folder: Path) -> None:
    """Write digits.keras, labels.txt, accuracy.txt, and held-out pictures as pictures/<place>-<digit>.png."""
    model, (pixels, digits) = learn(), images()
    model.save(folder / "digits.keras")
    (folder / "labels.txt").write_text("\n".join(map(str, range(10))))
    accuracy = model.evaluate(pixels[:HELD_OUT], digits[:HELD_OUT], verbose=0)[1]
    (folder / "accuracy.txt").write_text(str(accuracy))
    (folder / "pictures").mkdir()
    for place in range(60):
        name = f"{place:02}-{digits[place]}.png"
        Image.fromarray(pixels[place, ..., 0]).save(folder / "pictures" / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
