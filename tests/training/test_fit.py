import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras")

import keras
import numpy as np

from training import fit, precision, runs
from training.batches import TrainingBatches
from training.distill import Teachers, Teaching
from training.errors import RunError
from training.recipes import RECIPES


class PowerCut(Exception):
    pass


@pytest.fixture(autouse=True)
def _no_spacing(monkeypatch):
    monkeypatch.setattr(fit, "SPACING", 0.0)


@pytest.fixture
def epochs_seen(monkeypatch):
    """The epochs, in order, whose batches were really made."""
    seen = []
    original = TrainingBatches.__getitem__

    def watched(self, index):
        if not seen or seen[-1] != self._epoch:
            seen.append(self._epoch)
        return original(self, index)

    monkeypatch.setattr(TrainingBatches, "__getitem__", watched)
    return seen


def cut_in(monkeypatch, epoch, hook="on_train_batch_end"):
    original = fit._callbacks

    class Cut(keras.callbacks.Callback):
        def on_epoch_begin(self, number, logs=None):
            self.number = number

    def cut(self, *args, **kwargs):
        if self.number == epoch:
            raise PowerCut

    setattr(Cut, hook, cut)
    # Before the backup, as a cut between history and backup would be.
    monkeypatch.setattr(fit, "_callbacks", lambda *args: [*original(*args)[:-1], Cut(), original(*args)[-1]])


def interrupted(monkeypatch, recipe, dataset, run, hook="on_train_batch_end", **taught):
    with monkeypatch.context() as patch:
        cut_in(patch, 2, hook)
        with pytest.raises(PowerCut):
            fit.fit(recipe, dataset, run, **taught)


def optimizer_steps(monkeypatch):
    """Filled by the next `fit`: the optimizer's steps at the beginning of each epoch."""
    steps = {}
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: steps.update({epoch: int(watch.model.optimizer.iterations.numpy())})
    )
    original = fit._callbacks
    monkeypatch.setattr(fit, "_callbacks", lambda *args: [*original(*args), watch])
    return steps


def figures(rows):
    return [
        {key: float(value) for key, value in row.items() if key not in ("seconds", "input_seconds")} for row in rows
    ]


def weights(run):
    return sorted(path.name.removesuffix(runs.SUFFIX) for path in run.glob(f"*{runs.SUFFIX}"))


def validation_accuracy(model, dataset):
    return (model.predict(dataset.validation.images, verbose=0).argmax(1) == dataset.validation.classes).mean()


@pytest.mark.parametrize(
    ("schedule", "hook", "teaching"),
    [
        ("one-cycle", "on_train_batch_end", None),
        ("plateau", "on_epoch_end", None),
        ("one-cycle", "on_epoch_end", Teaching(models=("one", "other"))),
        ("one-cycle", "on_train_batch_end", Teaching(models=("one",), views=2)),
    ],
)
def test_a_resumed_run_is_the_uncut_run(monkeypatch, tmp_path, recipe, dataset, epochs_seen, schedule, hook, teaching):
    recipe = replace(recipe, schedule=schedule, optimizer="adam" if schedule == "plateau" else "sgd")
    recipe = replace(recipe, teaching=teaching)
    taught = {"teachers": Teachers(teaching, [fit.build(recipe) for _ in teaching.models])} if teaching else {}
    fit.fit(recipe, dataset, tmp_path / "whole", **taught)
    # With its views, the third epoch has the batches of the first.
    epochs = [0, 1, 0 if teaching and teaching.views else 2]
    assert epochs_seen == epochs
    epochs_seen.clear()

    interrupted(monkeypatch, recipe, dataset, tmp_path / "cut", hook, **taught)
    assert runs.epochs_done(tmp_path / "cut") == 2
    steps = optimizer_steps(monkeypatch)
    model = fit.fit(recipe, dataset, tmp_path / "cut", **taught)

    assert epochs_seen == epochs
    assert steps == {2: 2 * (len(dataset.train.classes) // recipe.batch)}
    whole, cut = runs.history(tmp_path / "whole"), runs.history(tmp_path / "cut")
    assert [row["epoch"] for row in cut] == ["0", "1", "2"]
    for one, two in zip(figures(whole), figures(cut), strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-5)
    assert validation_accuracy(model, dataset) == pytest.approx(float(runs.best(cut)["val_accuracy"]), abs=1e-6)


def test_a_cut_far_from_the_backup_repeats_what_came_after_it(monkeypatch, tmp_path, recipe, dataset, epochs_seen):
    fit.fit(recipe, dataset, tmp_path / "whole")
    monkeypatch.setattr(fit, "SPACING", 1000.0)
    interrupted(monkeypatch, recipe, dataset, tmp_path / "cut", "on_epoch_end")
    assert (runs.epochs_done(tmp_path / "cut"), len(runs.history(tmp_path / "cut"))) == (1, 3)
    epochs_seen.clear()
    model = fit.fit(recipe, dataset, tmp_path / "cut")
    assert epochs_seen == [1, 2]
    whole, cut = runs.history(tmp_path / "whole"), runs.history(tmp_path / "cut")
    for one, two in zip(figures(whole), figures(cut), strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-5)
    assert validation_accuracy(model, dataset) == pytest.approx(float(runs.best(cut)["val_accuracy"]), abs=1e-6)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_the_best_weights_are_never_of_an_epoch_after_the_backup(monkeypatch, tmp_path, recipe, dataset):
    monkeypatch.setattr(fit, "SPACING", 1000.0)
    monkeypatch.setattr(fit.BestWeights, "_best", property(lambda self: -1.0, lambda self, value: None), raising=False)
    interrupted(monkeypatch, recipe, dataset, tmp_path, "on_epoch_end")
    assert weights(tmp_path) == ["backup-0001", "best-0001", "best-0002", "best-0003"]
    best = fit.build(recipe)
    best.load_weights(runs.best_weights(tmp_path))
    first = runs.history(tmp_path)[0]
    assert validation_accuracy(best, dataset) == pytest.approx(float(first["val_accuracy"]), abs=1e-6)


@pytest.mark.parametrize("step", range(8))
def test_a_run_goes_on_wherever_it_was_cut_while_it_saved(monkeypatch, tmp_path, recipe, dataset, step):
    recipe = replace(recipe, epochs=2)
    fit.fit(recipe, dataset, tmp_path / "whole")
    steps = iter(range(step))

    def failing(original):
        def cut(*args, **kwargs):
            if next(steps, None) is None:
                raise PowerCut
            return original(*args, **kwargs)

        return cut

    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(keras.Model, "save_weights", failing(keras.Model.save_weights))
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, failing(getattr(Path, name)))
        fit.fit(recipe, dataset, tmp_path / "cut")
    model = fit.fit(recipe, dataset, tmp_path / "cut")
    whole, cut = runs.history(tmp_path / "whole"), runs.history(tmp_path / "cut")
    for one, two in zip(figures(whole), figures(cut), strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-5)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert validation_accuracy(model, dataset) == pytest.approx(float(runs.best(cut)["val_accuracy"]), abs=1e-6)


@pytest.mark.parametrize("last", [False, True])
def test_an_epoch_after_the_cut_must_beat_those_before_it_or_be_the_last(monkeypatch, tmp_path, recipe, dataset, last):
    recipe = replace(recipe, last=last)
    interrupted(monkeypatch, recipe, dataset, tmp_path)
    history = (tmp_path / runs.HISTORY).read_text().splitlines()
    column = history[0].split(",").index("val_accuracy")
    row = history[2].split(",")
    row[column] = "1.01"
    (tmp_path / runs.HISTORY).write_text("\n".join([*history[:2], ",".join(row)]) + "\n")
    before = runs.best_weights(tmp_path)
    fit.fit(recipe, dataset, tmp_path)
    assert (runs.best_weights(tmp_path) == before) is not last
    assert runs.best(runs.history(tmp_path), last=last)["epoch"] == ("2" if last else "1")


def test_a_finished_run_only_gives_its_model(tmp_path, recipe, dataset, epochs_seen):
    recipe = replace(recipe, epochs=1)
    first = fit.fit(recipe, dataset, tmp_path)
    history = (tmp_path / runs.HISTORY).read_text()
    epochs_seen.clear()
    again = fit.fit(recipe, dataset, tmp_path)
    assert epochs_seen == []
    assert (tmp_path / runs.HISTORY).read_text() == history
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])
    (row,) = runs.history(tmp_path)
    assert float(row["seconds"]) >= float(row["input_seconds"]) > 0
    assert float(row["learning_rate"]) == pytest.approx(0.0, abs=1e-6)


class AreAverages(keras.callbacks.Callback):
    """Whether the weights are their averages, after every step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        pairs = zip(self.model.trainable_variables, self.model.optimizer._model_variables_moving_average, strict=True)
        self.seen.append(all(np.array_equal(weight, average) for weight, average in pairs))


@pytest.mark.parametrize("optimizer", ["sgd", "muon"])
def test_an_epoch_ends_with_the_average_of_its_weights(monkeypatch, tmp_path, recipe, dataset, optimizer):
    watch, original = AreAverages(), fit._callbacks
    monkeypatch.setattr(fit, "_callbacks", lambda *args: [*original(*args), watch])
    fit.fit(replace(recipe, epochs=2, optimizer=optimizer, average=0.5), dataset, tmp_path)
    steps = len(dataset.train.classes) // recipe.batch
    # The first average is of one step alone.
    assert watch.seen == [True, *[False] * (steps - 2), True, *[False] * (steps - 1), True]


def test_a_history_from_before_seconds_goes_on_in_columns(tmp_path):
    (tmp_path / runs.HISTORY).write_text("epoch,accuracy,val_accuracy\n0,0.1,0.2\n1,0.2,0.3\n2,0.4,0.5\n")
    rows = runs.rewind(tmp_path, 2)
    assert [row["epoch"] for row in rows] == ["0", "1"]
    text = (tmp_path / runs.HISTORY).read_text().splitlines()
    assert text == ["epoch,accuracy,input_seconds,learning_rate,seconds,val_accuracy", "0,0.1,,,,0.2", "1,0.2,,,,0.3"]


def test_a_history_is_never_half_there(tmp_path, monkeypatch):
    """The disk may be full when a run goes on."""
    (tmp_path / runs.HISTORY).write_text(content := "epoch,val_accuracy\n0,0.2\n1,0.3\n2,0.5\n")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("csv.DictWriter.writerows", full)
    with pytest.raises(OSError, match="No space"):
        runs.rewind(tmp_path, 2)
    assert (tmp_path / runs.HISTORY).read_text() == content


@pytest.mark.parametrize("torn", ["2", "2,0.5", "\0\0\0\0\0\0"])
def test_a_row_that_was_not_written_to_its_end_is_left_out(tmp_path, torn):
    (tmp_path / runs.HISTORY).write_text("epoch,accuracy,val_accuracy\n0,0.1,0.2\n1,0.2,0.3\n" + torn)
    assert [row["epoch"] for row in runs.history(tmp_path)] == ["0", "1"]


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"recipe": 1}'])
def test_a_damaged_record_is_one_sentence(tmp_path, recipe, content):
    (tmp_path / runs.RECORD).write_text(content)
    with pytest.raises(RunError, match=r"run\.json is damaged; choose another folder with --run"):
        runs.begin(tmp_path, recipe, {})


def test_other_data_are_another_run(tmp_path, recipe):
    runs.begin(tmp_path, recipe, {}, data={"train": "one"})
    runs.begin(tmp_path, recipe, {}, data={"train": "one"})
    with pytest.raises(RunError, match="was started with another data;"):
        runs.begin(tmp_path, recipe, {}, data={"train": "two"})


def test_another_recipe_does_not_go_on_in_a_run_s_folder(tmp_path, recipe):
    runs.begin(tmp_path, recipe, {})
    runs.begin(tmp_path, recipe, {})
    with pytest.raises(RunError, match=r"was started with learning_rate 0\.08, not 0\.5; choose"):
        runs.begin(tmp_path, replace(recipe, learning_rate=0.5), {})


def test_a_run_from_before_there_was_a_start_goes_on(tmp_path, recipe):
    runs.begin(tmp_path, recipe, {"started_from": [], "taught_by": []})
    record = json.loads((tmp_path / runs.RECORD).read_text())
    del record["started_from"], record["recipe"]["start"]
    (tmp_path / runs.RECORD).write_text(json.dumps(record))
    runs.begin(tmp_path, recipe, {"started_from": [], "taught_by": []})
    with pytest.raises(RunError, match="another started_from;"):
        runs.begin(tmp_path, recipe, {"started_from": [{"version": "v1"}], "taught_by": []})


@pytest.mark.parametrize("how", ["started_from", "taught_by"])
def test_the_same_models_of_other_hours_before_it_are_the_same_run(tmp_path, recipe, how):
    for hours in (0.1, 0.2):
        runs.begin(tmp_path, recipe, {how: [{"version": "v1", "hours": {"one": hours}}]})
    assert runs.record(tmp_path)[how][0]["hours"] == {"one": 0.1}


@pytest.mark.parametrize("how", ["started_from", "taught_by"])
def test_other_models_before_it_or_fewer_images_are_another_run(tmp_path, recipe, how):
    runs.begin(tmp_path, recipe, {how: [{"version": "v1"}]}, 32)
    with pytest.raises(RunError, match=f"another {how};"):
        runs.begin(tmp_path, recipe, {how: [{"version": "v2"}]}, 32)
    with pytest.raises(RunError, match="was started with images 32, not 48;"):
        runs.begin(tmp_path, recipe, {how: [{"version": "v1"}]}, 48)


def test_a_new_run_begins_with_another_model_s_layers_as_far_as_they_fit(monkeypatch, tmp_path, recipe, dataset):
    other = fit.build(recipe)
    start = keras.Model(other.input, keras.layers.Dense(7, name="probabilities")(other.layers[-2].output))
    monkeypatch.setattr(fit, "_train", lambda model, *_: runs.save(model, tmp_path, runs.BEST, 1))
    model = fit.fit(recipe, dataset, tmp_path, start=start)
    for name in ("block1_conv1", "block1_norm1"):
        for ours, theirs in zip(model.get_layer(name).get_weights(), start.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert model.output.shape == (None, 10)


def test_a_run_cut_before_its_first_backup_begins_again(monkeypatch, tmp_path, recipe, dataset):
    one = replace(recipe, epochs=1)
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        cut_in(patch, 0, "on_epoch_end")
        fit.fit(one, dataset, tmp_path)
    assert weights(tmp_path) == ["best-0001"]
    fit.fit(one, dataset, tmp_path)
    assert len(runs.history(tmp_path)) == 1


def test_an_early_stop_stays_stopped(recipe):
    rows = [{"val_loss": "1.0"}] + [{"val_loss": "2.0"}] * 7
    plateau = replace(recipe, schedule="plateau", patience=(2, 7))
    assert fit.stopped_early(plateau, rows)
    assert not fit.stopped_early(plateau, rows[:-1])
    assert not fit.stopped_early(recipe, rows)


def test_a_run_may_go_on_in_another_precision(tmp_path, recipe, dataset, epochs_seen):
    fit.fit(replace(recipe, epochs=1), dataset, tmp_path, precision="mixed_bfloat16")
    model = fit.fit(replace(recipe, epochs=2), dataset, tmp_path)
    assert epochs_seen == [0, 1]
    assert {weights.dtype for weights in model.weights} == {"float32"}
    assert validation_accuracy(model, dataset) == pytest.approx(
        float(runs.best(runs.history(tmp_path))["val_accuracy"]), abs=0.05
    )


def test_layers_are_mixed_only_where_they_are_told_to_be():
    recipe = RECIPES["cifar10"]
    with precision.building("mixed_bfloat16"):
        mixed = fit.build(recipe)
    *hidden, last = [layer.compute_dtype for layer in mixed.layers if layer.weights]
    assert set(hidden) == {"bfloat16"}
    assert last == "float32"
    assert {layer.compute_dtype for layer in fit.build(recipe).layers} == {"float32"}


def test_short_epochs_share_a_backup_and_the_last_has_its_own(monkeypatch, tmp_path, recipe, dataset):
    monkeypatch.setattr(fit, "SPACING", 1000.0)
    done = []
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: done.append(runs.epochs_done(tmp_path)))
    original = fit._callbacks
    monkeypatch.setattr(fit, "_callbacks", lambda *args: [*original(*args), watch])
    fit.fit(recipe, dataset, tmp_path)
    assert done == [1, 1, 3]


def test_a_gpu_trains_in_bfloat16_whatever_the_processor_can(monkeypatch):
    monkeypatch.setattr(precision.openvino.Core, "get_property", lambda *_: ["FP32"])
    assert precision.fastest() == "float32"
    monkeypatch.setattr(precision, "gpus", lambda: ["NVIDIA H200"])
    assert precision.fastest() == "mixed_bfloat16"
