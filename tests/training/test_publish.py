import csv
import re
import shutil
from dataclasses import replace

import pytest

pytest.importorskip("keras")

import keras
import numpy as np
from PIL import Image

from contract.card import Card, Cards
from tests.training.tiny import tiny_recipe, write_official
from training import calibrate, data, engine, evaluate, fit, provenance, publish, report, runs
from training.__main__ import main
from training.distill import Teaching
from training.errors import PublishError, RunError
from training.recipes import RECIPES

FILES = {
    "model.keras", "openvino.xml", "openvino.bin", "card.json", "history.csv",
    "accuracy.png", "loss.png", "auc.png", "reliability.png", "confusion.png",
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run of two epochs, as `fit` leaves it, and its data folder."""
    data_dir = tmp_path_factory.mktemp("data")
    write_official(data_dir)
    run = tmp_path_factory.mktemp("run")
    fit.fit(replace(tiny_recipe(), epochs=2), data.load("cifar10", data_dir), run)
    return run, data_dir


def rewrite_history(run, change):
    """Pass every row of the run's history, a dict, through `change`, which alters it in place."""
    rows = runs.history(run)
    for row in rows:
        change(row)
    with (run / runs.HISTORY).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def places(finished, tmp_path):
    run, data_dir = finished
    shutil.copytree(run, tmp_path / "run")
    return {"run": tmp_path / "run", "data_dir": data_dir, "models": tmp_path / "models"}


@pytest.fixture(scope="module")
def models(finished, tmp_path_factory):
    """A folder with the run published as `cifar10`."""
    run, data_dir = finished
    folder = tmp_path_factory.mktemp("models")
    publish.publish("cifar10", tiny_recipe(), run=run, data_dir=data_dir, models=folder)
    return folder


def test_a_published_model_is_whole(models, dataset):
    folder = models / "cifar10"
    assert {path.name for path in folder.iterdir()} == FILES
    Cards(models).verify()
    card = Card.read(folder)
    assert (card.labels, card.input.shape) == (dataset.labels, (32, 32, 3))
    assert set(card.files) == {"model.keras", "openvino.xml", "openvino.bin"}
    assert card.parameters["total"] - card.parameters["trainable"] == 8
    assert card.training["recipe"]["learning_rate"] == tiny_recipe().learning_rate
    assert card.training["data"]["images"] == {"train": 90, "validation": 10, "test": 40}
    assert card.training["epochs"] == 2
    assert card.training["hardware"]["cores"] >= 1
    assert card.parameters["multiply_adds"] > card.parameters["total"]
    assert "one of its labels" in card.limits


def test_the_published_file_loads_plainly_and_gives_the_card_s_figures(models, dataset):
    card = Card.read(models / "cifar10")
    model = keras.models.load_model(models / "cifar10" / "model.keras")
    assert not model.compiled
    predicted = evaluate.probabilities(model, dataset.test.images)
    assert evaluate.metrics(predicted, dataset.test.classes, dataset.labels) == card.metrics["test"]
    np.testing.assert_allclose(engine.predict(models / "cifar10", dataset.test.images), predicted, atol=1e-5)


def test_calibration_is_in_the_file(models):
    card = Card.read(models / "cifar10")
    loss = card.training["validation_loss"]
    assert card.metrics["validation"]["loss"] == pytest.approx(loss["after"], abs=1e-4)


def test_the_engine_files_of_the_model_before_are_gone(recipe, places, models):
    shutil.copytree(models / "cifar10", places["models"] / "again")
    (places["models"] / "again" / "openvino-int8.xml").write_text("another model's")
    card = publish.publish("again", recipe, **places)
    assert {path.name for path in (places["models"] / "again").glob("openvino*")} == set(card.files) - {"model.keras"}


def test_the_surest_mistakes_are_drawn(models, finished, tmp_path, capsys):
    places = ["--models", str(models), "--data", str(finished[1])]
    assert main(["evaluate", "cifar10", *places, "--mistakes", str(tmp_path / "mistakes.png")]) == 0
    with Image.open(tmp_path / "mistakes.png") as sheet:
        assert sheet.width > 600


def test_a_history_without_seconds_needs_the_hours(recipe, places):
    rewrite_history(places["run"], lambda row: row.pop("seconds"))
    with pytest.raises(RunError, match="--hours"):
        publish.publish("tiny", recipe, **places)


def test_epochs_after_the_last_backup_do_not_count(recipe, places):
    rows = runs.history(places["run"])
    late = rows[-1] | {"epoch": "2", "val_accuracy": str(float(runs.best(rows)["val_accuracy"]) + 0.004)}
    with (places["run"] / runs.HISTORY).open("a", newline="") as file:
        csv.DictWriter(file, list(rows[0])).writerow(late)
    card = publish.publish("tiny", recipe, **places)
    assert (card.training["epochs"], card.training["best_epoch"]) == (2, int(runs.best(rows)["epoch"]) + 1)


def test_best_weights_and_history_are_enough(recipe, places):
    for path in runs.weights(places["run"], runs.BACKUP).values():
        path.unlink()
    assert publish.publish("tiny", recipe, **places).training["epochs"] == 2


def test_a_run_of_another_recipe_is_refused(recipe, places):
    runs.begin(places["run"], replace(recipe, learning_rate=0.5, epochs=2), {})
    with pytest.raises(RunError, match=r"was started with learning_rate 0\.5, not 0\.08: it is no run of this recipe"):
        publish.publish("tiny", recipe, **places)


def test_a_run_on_some_of_the_images_is_refused(recipe, places):
    runs.begin(places["run"], recipe, provenance.before(recipe, places["models"]), images=48)
    with pytest.raises(RunError, match="was trained on 48 images"):
        publish.publish("tiny", recipe, **places)


@pytest.mark.parametrize("file", ["best-*.weights.h5", runs.HISTORY])
def test_a_run_that_lacks_a_file_is_refused(recipe, places, file):
    for path in places["run"].glob(file):
        path.unlink()
    with pytest.raises(RunError, match=re.escape(file)):
        publish.publish("tiny", recipe, **places)


def test_weights_of_another_network_are_refused(places):
    with pytest.raises(RunError, match="does not fit the network of the recipe"):
        publish.publish("cifar10", RECIPES["cifar10"], **places)


def test_weights_that_do_not_give_the_history_s_accuracy_are_refused(recipe, places):
    rewrite_history(places["run"], lambda row: row.update(val_accuracy="0.77"))
    with pytest.raises(PublishError, match=r"history\.csv says 0\.7700"):
        publish.publish("tiny", recipe, **places)


def test_an_engine_that_disagrees_is_refused(models, dataset):
    folder, pixels = models / "cifar10", dataset.test.images
    predicted = engine.predict(folder, pixels)
    engine.check(folder, pixels, predicted)
    with pytest.raises(PublishError, match=r"openvino\.xml: probabilities up to 2\.\de-05"):
        engine.check(folder, pixels, predicted + 2e-5)
    with pytest.raises(PublishError, match="up to nan"):
        engine.check(folder, pixels, predicted * np.nan)


@pytest.mark.parametrize("step", ["training.engine.export", "contract.card.Card.verify", "pathlib.Path.rename"])
def test_a_failure_leaves_the_old_model(recipe, places, models, monkeypatch, step):
    def refuse(*args):
        raise OSError("no")

    old = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch, pytest.raises(OSError, match="no"):
        patch.setattr(step, refuse)
        publish.publish("cifar10", recipe, **{**places, "models": models})
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == old
    Cards(models).verify()


def test_from_the_command_line(recipe, official, models, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RECIPES, "cifar10", recipe)
    monkeypatch.setitem(RECIPES, "second", replace(recipe, start="cifar10", teaching=Teaching(models=("cifar10",))))
    data_dir, run, nowhere = ["--data", str(official)], ["--run", str(tmp_path / "run")], str(tmp_path / "nowhere")
    train = ["train", "second", *run, *data_dir, "--epochs", "1", "--no-publish"]
    assert main([*train, "--models", nowhere]) == 1
    assert "no model 'cifar10' has been published" in capsys.readouterr().err
    assert main([*train, "--models", str(models)]) == 0
    assert not (models / "second").exists()

    target = tmp_path / "models"
    shutil.copytree(models, target)
    assert main(["publish", "second", *run, *data_dir, "--models", str(target), "--hours", "1.25"]) == 0
    card = Card.read(target / "second")
    source = Card.read(models / "cifar10")
    known = {"model": "cifar10", "version": source.version, "hours": {"cifar10": source.training["hours"]}}
    assert card.training["taught_by"] == card.training["started_from"] == [known]
    assert card.training["hours"] == 1.25
    assert card.training["recipe"]["epochs"] == 1
    capsys.readouterr()
    assert main(["evaluate", "second", *data_dir, "--models", str(target), "--split", "validation"]) == 0
    assert f"accuracy   {card.metrics['validation']['accuracy']:.4f}" in capsys.readouterr().out
    assert main(["publish", "third", *run, *data_dir]) == 1
    assert "'third' is not a recipe" in capsys.readouterr().err


def test_where_nothing_can_be_published_nothing_is_trained(recipe, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(RECIPES, "cifar10", recipe)
    (tmp_path / "models").write_text("no folder")
    assert main(["train", "cifar10", "--models", str(tmp_path / "models"), "--run", str(tmp_path / "run")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'models'}: File exists\n"
    assert not (tmp_path / "run").exists()


def test_a_shorter_run_takes_no_published_model_s_place_unasked(recipe, places, models, monkeypatch, capsys):
    monkeypatch.setitem(RECIPES, "cifar10", recipe)
    target = places["models"]
    shutil.copytree(models, target)
    before = Card.read(target / "cifar10")
    publishing = ["publish", "cifar10", "--run", str(places["run"]), "--data", str(places["data_dir"])]
    where = ["--models", str(target)]
    assert main([*publishing, *where]) == 1
    assert "the recipe has 3 epochs, not 2; --replace" in capsys.readouterr().err
    assert main(["train", "cifar10", "--epochs", "1", *where]) == 1  # before anything is trained
    assert "the recipe has 3 epochs, not 1; --replace" in capsys.readouterr().err
    assert Card.read(target / "cifar10") == before
    early = replace(recipe, schedule="plateau", epochs=125)  # which may stop by itself, but not as soon as told to
    monkeypatch.setitem(RECIPES, "cifar10", early)
    assert main(["train", "cifar10", "--epochs", "1", *where]) == 1
    assert "the recipe has 125 epochs, not 1; --replace" in capsys.readouterr().err
    monkeypatch.setitem(RECIPES, "cifar10", replace(recipe, epochs=4))
    assert main([*publishing, *where, "--replace"]) == 0
    assert Card.read(target / "cifar10") != before


def test_a_model_of_other_labels_or_layers_does_not_teach(recipe, official, models, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RECIPES, "cifar10", recipe)
    monkeypatch.setitem(RECIPES, "second", replace(recipe, teaching=Teaching(models=("cifar10",))))
    target = tmp_path / "models"
    shutil.copytree(models, target)
    train = ["train", "second", "--run", str(tmp_path / "run"), "--data", str(official), "--models", str(target)]
    card = Card.read(target / "cifar10")
    replace(card, labels=card.labels[::-1]).write(target / "cifar10")
    assert main(train) == 1
    assert "cifar10 has other labels than the data set; it cannot teach on it" in capsys.readouterr().err
    card.write(target / "cifar10")
    monkeypatch.setitem(RECIPES, "cifar10", RECIPES["cifar10-large"])
    assert main(train) == 1
    assert "cifar10 is another network than that of the recipe cifar10; it cannot teach" in capsys.readouterr().err


def test_a_batch_is_needed_to_train(recipe, official, models, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(RECIPES, "cifar10", replace(recipe, batch=500))
    where = ["--run", str(tmp_path / "run"), "--data", str(official), "--models", str(tmp_path)]
    assert main(["train", "cifar10", *where]) == 1
    assert "90 images are no batch of 500" in capsys.readouterr().err


def test_list_and_help(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("cifar10 ")
    assert main([]) == 2
    assert capsys.readouterr().out.startswith("usage: python -m training train cifar100")


@pytest.mark.parametrize(
    "words",
    [["train", "cifar10", "--epochs", "0"], ["ablate", "--images", "-1"]],
)
def test_no_epoch_and_no_image_are_wrong_usage(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert "is not at least 1" in capsys.readouterr().err


def test_hours_are_a_number_of_hours(capsys):
    with pytest.raises(SystemExit):
        main(["publish", "cifar10", "--hours", "nan"])
    assert "nan is no number of hours" in capsys.readouterr().err


def test_mistakes_are_drawn_as_png(capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "cifar10", "--mistakes", "sheet.docx"])
    assert "sheet.docx does not end in .png" in capsys.readouterr().err


def test_what_could_not_be_published_is_not_trained(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    assert main(["train", "cifar10", "--run", str(tmp_path / "run")]) == 1
    assert "train with --no-publish" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_mistakes_are_of_a_split(tmp_path, capsys):
    assert main(["evaluate", "cifar10", "--folder", str(tmp_path), "--mistakes", str(tmp_path / "sheet.png")]) == 1
    assert "not of a --folder" in capsys.readouterr().err


def test_the_results_table_stands_between_its_markers(models, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
    table = report.write(models, page)
    assert page.read_text() == f"before\n<!-- results -->\n{table}\n<!-- /results -->\nafter\n"
    assert re.search(r"\| \*\*cifar10\*\* \|.* \| \d+\.\d% \|\n", table)
    assert "| cifar10, the original | 0.90 | 0.4778 | 0.9899 | | | | 5-6 | |" in table
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "other-seeds.csv").write_text("run,epochs,val_accuracy,val_auc,hours\n1,3,0.5,0.9,0.1\n")
    assert report.write(models, page) == table  # a study that the page does not show
    page.write_text(f"{page.read_text()}<!-- other-seeds -->\n<!-- /other-seeds -->\n")
    report.write(models, page)
    assert "| 1 | 3 | 0.5 | 0.9 | 0.1 |\n<!-- /other-seeds -->" in page.read_text()
    page.write_text("no markers")
    with pytest.raises(report.TrainingError, match="lacks the markers"):
        report.write(models, page)


def test_the_table_says_on_which_gpu_a_model_was_trained_and_adds_up_the_hours(models):
    card = Card.read(models / "cifar10")
    facts = {"hardware": {"cpu": "Xeon", "cores": 16, "gpus": ["NVIDIA H200"]}, "hours": 0.5}
    facts["taught_by"] = [{"model": "wide", "hours": {"wide": 1.0, "wider": 2.0}}]
    facts["started_from"] = [{"model": "other", "hours": {"other": 0.25, "wider": 2.0}}]
    card = replace(card, training={**card.training, **facts})
    assert report._footnote(card).startswith("- cifar10: Xeon, 16 cores, NVIDIA H200; python ")
    assert report._hours(card) == 3.75
    unknown = replace(card, training={**card.training, "started_from": [], "taught_by": [{"model": "gone"}]})
    assert report._hours(unknown) == 0.5


def test_the_page_has_the_markers_of_all_its_tables(tmp_path):
    page = tmp_path / "training.md"
    shutil.copy(report.PAGE, page)
    shutil.copytree(report.PAGE.with_suffix(""), page.with_suffix(""))
    assert report.write(report.ROOT / "models", page).startswith("| model |")
    assert page.read_text() == report.PAGE.read_text()


def test_the_temperature_is_that_of_the_images_and_their_mirror_images(recipe, dataset, monkeypatch):
    model, given = fit.build(recipe), []
    images, classes = dataset.validation.images, dataset.validation.classes
    expected = [calibrate.logits(model, each) for each in (images, images[:, :, ::-1])]
    monkeypatch.setattr(calibrate, "find_temperature", lambda *both: given.append(both) or 2.0)
    right = (expected[0].argmax(axis=1) == classes).mean()
    assert publish._calibrated(model, dataset, {"val_accuracy": f"{right}"})["temperature"] == 2.0
    assert np.allclose(given[0][0], np.concatenate(expected))
    assert given[0][1].tolist() == [*classes, *classes]
