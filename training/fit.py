"""One training run, resumable at every epoch."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training import distill, networks, runs
from training.batches import TrainingBatches
from training.data import Dataset
from training.optimizers import Rate, optimizer
from training.precision import building
from training.recipes import Recipe
from training.schedules import OneCycle, Restarted

#: Epochs without a lower validation loss after which the "plateau" schedule stops.
PATIENCE = 25


def build(recipe: Recipe, **options: Any) -> keras.Model:
    """The recipe's network, untrained; `options` go before the recipe's."""
    return recipe.network(**(recipe.options | options))


def compile_model(model: keras.Model, recipe: Recipe, steps: int) -> None:
    """Compile for a run of `steps` optimizer steps an epoch."""
    loss: keras.losses.Loss = keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
    metrics: list[keras.metrics.Metric] = [keras.metrics.CategoricalAccuracy("accuracy"), keras.metrics.AUC(name="auc")]
    if recipe.teaching:
        loss = distill.Distillation(recipe.teaching, recipe.label_smoothing)
        metrics = [distill.LabelAccuracy("accuracy"), distill.LabelAUC(name="auc")]
    model.compile(optimizer(recipe, _rate(recipe, steps), steps), loss, metrics=metrics)


def _rate(recipe: Recipe, steps: int) -> Rate:
    if recipe.schedule == "plateau":
        return recipe.learning_rate
    if recipe.second_cycle is None or recipe.epochs <= recipe.second_cycle[0]:  # cut short to less than both
        return OneCycle(recipe.learning_rate, steps * recipe.epochs)
    more, again = recipe.second_cycle
    return Restarted(recipe.learning_rate, steps * (recipe.epochs - more), again, steps * more)


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the model is to answer for each image, and for each training image mirrored if that is something else."""

    train: np.ndarray
    mirrored: np.ndarray | None
    validation: np.ndarray


def labels(data: Dataset) -> Targets:
    """The labels alone, one-hot."""
    onehot = np.eye(len(data.labels), dtype=np.float32)
    return Targets(train=onehot[data.train.classes], mirrored=None, validation=onehot[data.validation.classes])


def taught(data: Dataset, teachers: Sequence[keras.Model], temperature: float) -> Targets:
    """The labels and the teachers' answers, softened."""
    known, images = labels(data), data.train.images
    return Targets(
        train=distill.targets(teachers, images, known.train, temperature),
        mirrored=distill.targets(teachers, images[:, :, ::-1], known.train, temperature),
        validation=distill.targets(teachers, data.validation.images, known.validation, temperature),
    )


def fit(
    recipe: Recipe,
    data: Dataset,
    run: Path,
    *,
    start: Sequence[keras.Model] = (),
    targets: Callable[[Dataset], Targets] = labels,
    precision: str = "float32",
) -> keras.Model:
    """Train, or go on from where `run` stopped, and return the model with its best validation weights.

    `start` are the models whose layers a new run begins with, as far as they fit; a resumed run has its own. `targets`
    is asked only where something is left to train. `precision` is "float32" or "mixed_bfloat16"; weights and
    optimizer are float32 in both, so a run may go on in the other. Under the "plateau" schedule a resumed run counts
    its patience anew.
    """
    run.mkdir(parents=True, exist_ok=True)
    done = runs.epochs_done(run)
    rows = runs.rewind(run, done)
    keras.utils.set_random_seed(recipe.seed)
    with building(precision):
        model = build(recipe, size=None) if recipe.small else build(recipe)
    if not done:
        networks.prepare(model, data.train.images)
        if start:
            networks.copy_layers(start, model)
    if done < recipe.epochs and not _stopped_early(recipe, rows):
        _train(model, recipe, data, targets(data), run, done)
    model.load_weights(run / runs.BEST)
    return model


def _train(model: keras.Model, recipe: Recipe, data: Dataset, targets: Targets, run: Path, done: int) -> None:
    compile_model(model, recipe, len(data.train.classes) // recipe.batch)
    for size, end in _sizes(recipe):
        if end <= done:
            continue
        batches = TrainingBatches(
            data.train.images,
            targets.train,
            mirrored=targets.mirrored,
            batch=recipe.batch,
            augmentation=recipe.augmentation,
            seed=recipe.seed,
            epoch=done,
            size=size,
        )
        model.fit(
            batches,
            initial_epoch=done,
            epochs=end,
            # The batches are shuffled already; Keras would order them by a state that no backup holds.
            shuffle=False,
            validation_data=(data.validation.images, targets.validation),
            validation_batch_size=500,
            callbacks=_callbacks(recipe, run, runs.history(run), batches),
        )
        done = end


def _sizes(recipe: Recipe) -> list[tuple[int | None, int]]:
    """(size of the crops, None for whole images; the epoch they end before), in order."""
    start = [(recipe.small[1], min(recipe.small[0], recipe.epochs))] if recipe.small else []
    return [*start, (None, recipe.epochs)]


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


def _callbacks(
    recipe: Recipe, run: Path, rows: list[dict[str, str]], batches: TrainingBatches
) -> list[keras.callbacks.Callback]:
    best = runs.best(rows)
    callbacks: list[keras.callbacks.Callback] = [
        EpochFacts(batches),
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
