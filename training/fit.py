"""One training run, resumable at every epoch."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import networks, runs
from training.batches import TrainingBatches
from training.data import Dataset
from training.recipes import Recipe
from training.schedules import OneCycle, Restarted

#: Epochs without a lower validation loss after which the "plateau" schedule stops.
PATIENCE = 25


def build(recipe: Recipe) -> keras.Model:
    return recipe.network(dropouts=recipe.dropouts, head_dropout=recipe.head_dropout, l2=recipe.l2)


def compile_model(model: keras.Model, recipe: Recipe, steps: int) -> None:
    """Compile for a run of `steps` optimizer steps an epoch."""
    rate = _rate(recipe, steps)
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    else:
        optimizer = keras.optimizers.Adam(rate)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    model.compile(optimizer, loss, metrics=["accuracy", keras.metrics.AUC(name="auc")])


def _rate(recipe: Recipe, steps: int) -> float | OneCycle | Restarted:
    if recipe.schedule == "plateau":
        return recipe.learning_rate
    if recipe.second_cycle is None:
        return OneCycle(recipe.learning_rate, steps * recipe.epochs)
    more, again = recipe.second_cycle
    return Restarted(recipe.learning_rate, steps * (recipe.epochs - more), again, steps * more)


def fit(recipe: Recipe, data: Dataset, run: Path, *, start: keras.Model | None = None) -> keras.Model:
    """Train, or go on from where `run` stopped, and return the model with its best validation weights.

    `start` is the model whose convolution blocks a new run begins with; a resumed run has its own. Under the
    "plateau" schedule a resumed run counts its patience anew.
    """
    run.mkdir(parents=True, exist_ok=True)
    done = runs.epochs_done(run)
    rows = runs.rewind(run, done)
    keras.utils.set_random_seed(recipe.seed)
    model = build(recipe)
    if start is not None and not done:
        networks.copy_trunk(start, model)
    if done < recipe.epochs and not _stopped_early(recipe, rows):
        _train(model, recipe, data, run, rows, done)
    model.load_weights(run / runs.BEST)
    return model


def _train(model: keras.Model, recipe: Recipe, data: Dataset, run: Path, rows: list[dict[str, str]], done: int) -> None:
    onehot = np.eye(len(data.labels), dtype=np.float32)
    batches = TrainingBatches(
        data.train.images,
        onehot[data.train.classes],
        batch=recipe.batch,
        augmentation=recipe.augmentation,
        seed=recipe.seed,
        epoch=done,
    )
    compile_model(model, recipe, len(batches))
    model.fit(
        batches,
        epochs=recipe.epochs,
        # The batches are shuffled already; Keras would order them by a state that no backup holds.
        shuffle=False,
        validation_data=(data.validation.images, onehot[data.validation.classes]),
        validation_batch_size=500,
        callbacks=_callbacks(recipe, run, rows),
    )


class EpochFacts(keras.callbacks.Callback):
    """Adds to the logs what an epoch took, `seconds`, and the `learning_rate` at its end; goes before the loggers."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["seconds"] = round(time.perf_counter() - self._began, 1)
            logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


def _callbacks(recipe: Recipe, run: Path, rows: list[dict[str, str]]) -> list[keras.callbacks.Callback]:
    best = runs.best(rows)
    callbacks: list[keras.callbacks.Callback] = [
        EpochFacts(),
        keras.callbacks.CSVLogger(str(run / runs.HISTORY), append=bool(rows)),
        keras.callbacks.ModelCheckpoint(
            run / runs.BEST,
            monitor="val_accuracy",
            mode="max",
            save_best_only=True,
            save_weights_only=True,
            initial_value_threshold=float(best["val_accuracy"]) if best else None,
        ),
    ]
    if recipe.schedule == "plateau":
        callbacks += [
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=10, factor=0.5, min_lr=1e-6),
        ]
    # Last, so that an epoch counts as done only when its row and its best weights are on the disk and the rate is
    # lowered; two copies, so that dying while one is written loses an epoch and not the run.
    backup = keras.callbacks.BackupAndRestore(run / runs.BACKUP, double_checkpoint=True, delete_checkpoint=False)
    return [*callbacks, backup]


def _stopped_early(recipe: Recipe, rows: list[dict[str, str]]) -> bool:
    losses = [float(row["val_loss"]) for row in rows]
    return recipe.schedule == "plateau" and bool(losses) and len(losses) - 1 - int(np.argmin(losses)) >= PATIENCE
