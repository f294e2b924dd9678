"""One training run, which goes on from its last backup when it was interrupted."""

import math
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import distill, networks, runs
from training.batches import TrainingBatches
from training.data import Dataset
from training.distill import Teachers
from training.errors import RunError
from training.optimizers import optimizer
from training.precision import building
from training.recipes import Recipe
from training.schedules import OneCycle

#: Seconds between two backups of a run at least: on a GPU an epoch can take less time than a backup.
SPACING = 30.0


def build(recipe: Recipe) -> keras.Model:
    """The recipe's network, untrained."""
    return recipe.network(**recipe.options)


def compile_model(model: keras.Model, recipe: Recipe, steps: int) -> None:
    """Compile for a run of `steps` optimizer steps an epoch."""
    loss: keras.losses.Loss = keras.losses.CategoricalCrossentropy()
    metrics: list[keras.metrics.Metric] = [keras.metrics.CategoricalAccuracy("accuracy"), keras.metrics.AUC(name="auc")]
    if recipe.teaching:
        loss = distill.Distillation(recipe.teaching)
        metrics = [distill.LabelAccuracy("accuracy"), distill.LabelAUC(name="auc")]
    rate: float | OneCycle = recipe.learning_rate
    if recipe.schedule == "one-cycle":
        rate = OneCycle(recipe.learning_rate, steps * recipe.epochs, recipe.warmup)
    model.compile(optimizer(recipe, rate, steps), loss, metrics=metrics)


def fit(
    recipe: Recipe,
    data: Dataset,
    run: Path,
    *,
    start: keras.Model | None = None,
    teachers: Teachers | None = None,
    precision: str = "float32",
) -> keras.Model:
    """Train, or go on from where `run` stopped, and return the model with the weights that it keeps.

    A new run begins with the layers of `start` that have the names and shapes of its own; `teachers` are those of the
    recipe's teaching. `precision` is "float32" or "mixed_bfloat16"; weights and optimizer are float32 in both, so a run
    may go on in the other. Under the "plateau" schedule a resumed run counts its patience anew.
    """
    run.mkdir(parents=True, exist_ok=True)
    runs.tidy(run)
    done = runs.epochs_done(run)
    rows = runs.rewind(run, done)
    # A run that goes on does not draw the dropout of its first epochs again.
    keras.utils.set_random_seed(recipe.seed + done)
    with building(precision):
        model = build(recipe)
    if not done:
        networks.prepare(model, data.train.images)
        if start:
            networks.copy_layers(start, model)
    if done < recipe.epochs and not stopped_early(recipe, rows):
        _train(model, recipe, data, teachers, run, done)
    model.load_weights(runs.best_weights(run))
    return model


def _train(
    model: keras.Model,
    recipe: Recipe,
    data: Dataset,
    teachers: Teachers | None,
    run: Path,
    done: int,
) -> None:
    onehot = np.eye(len(data.labels), dtype=np.float32)
    examples = data.train.images, onehot[data.train.classes]
    unseen = data.validation.images, onehot[data.validation.classes]
    how: dict[str, Any] = {
        "batch": recipe.batch,
        "augmentation": recipe.augmentation,
        "seed": recipe.seed,
        "epoch": done,
    }
    if teachers:
        kept = run / runs.ANSWERS
        batches: TrainingBatches = distill.TaughtBatches(*examples, **how, teachers=teachers, kept=kept)
        unseen = unseen[0], teachers.targets(*unseen)
    else:
        batches = TrainingBatches(*examples, **how)
    if not len(batches):
        raise RunError(f"{len(data.train.images):,} images are no batch of {recipe.batch}")
    compile_model(model, recipe, len(batches))
    model.fit(
        batches,
        initial_epoch=done,
        epochs=recipe.epochs,
        # The batches are shuffled already; Keras would order them by a state that no backup holds.
        shuffle=False,
        validation_data=unseen,
        validation_batch_size=500,
        callbacks=_callbacks(recipe, run, batches),
        # A bar is drawn after every step, which would have to wait for a GPU's result.
        verbose=1 if sys.stdout.isatty() else 2,
    )


class EpochFacts(keras.callbacks.Callback):
    """Adds to the logs what an epoch took, `seconds`, how much of it went into batches, `input_seconds`, and the
    `learning_rate` at its end; goes before the loggers."""

    def __init__(self, batches: TrainingBatches) -> None:
        super().__init__()
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began, self._batched = time.perf_counter(), self._batches.seconds

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["seconds"] = round(time.perf_counter() - self._began, 1)
            logs["input_seconds"] = round(self._batches.seconds - self._batched, 3)
            logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))


class Backup(keras.callbacks.Callback):
    """Goes on from the run's backup, and backs up after an epoch, but not again within `SPACING` seconds unless it is
    the last."""

    _saved = -math.inf

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._run = run

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if done := runs.epochs_done(self._run):
            # Keras loads nothing into an optimizer that has no variables yet.
            self.model.optimizer.build(self.model.trainable_variables)
            self.model.load_weights(runs.weights(self._run, runs.BACKUP)[done])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        if last or time.monotonic() - self._saved >= SPACING:
            runs.save(self.model, self._run, runs.BACKUP, epoch + 1)
            runs.tidy(self._run)
            self._saved = time.monotonic()


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that validates best, or of the `last`, and until the next backup those before."""

    def __init__(self, run: Path, best: float, last: bool) -> None:
        super().__init__()
        self._run, self._best, self._last = run, best, last

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs and (self._last or logs["val_accuracy"] > self._best):
            self._best = logs["val_accuracy"]
            runs.save(self.model, self._run, runs.BEST, epoch + 1)


def _callbacks(recipe: Recipe, run: Path, batches: TrainingBatches) -> list[keras.callbacks.Callback]:
    rows = runs.history(run)
    best = runs.best(rows, last=recipe.last)
    callbacks: list[keras.callbacks.Callback] = [
        EpochFacts(batches),
        keras.callbacks.CSVLogger(str(run / runs.HISTORY), append=bool(rows)),
        BestWeights(run, float(best["val_accuracy"]) if best else -1.0, recipe.last),
    ]
    if recipe.schedule == "plateau":
        slower, stop = recipe.patience
        callbacks += [
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=stop),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=slower, factor=recipe.slowing, min_lr=1e-6),
        ]
    # Last, so that an epoch counts as done only when its row is on the disk and the rate is lowered.
    return [*callbacks, Backup(run)]


def stopped_early(recipe: Recipe, rows: list[dict[str, str]]) -> bool:
    if recipe.schedule != "plateau" or not rows:
        return False
    losses = [float(row["val_loss"]) for row in rows]
    return len(losses) - 1 - int(np.argmin(losses)) >= recipe.patience[1]
