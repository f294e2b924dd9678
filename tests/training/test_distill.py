from dataclasses import replace

import pytest

pytest.importorskip("keras")

import numpy as np
from scipy.special import log_softmax, softmax

from training import distill, fit, runs
from training.batches import TrainingBatches
from training.distill import Distillation, TaughtBatches, Teachers, Teaching
from training.fit import build

RNG = np.random.default_rng(7)


def test_the_loss_is_that_of_the_paper():
    student, teacher = RNG.normal(size=(2, 6, 10)) * 3
    labels = np.eye(10, dtype=np.float32)[RNG.integers(0, 10, 6)]
    targets = np.stack([labels, softmax(teacher, axis=1)], axis=1).astype(np.float32)
    answers = softmax(student, axis=1).astype(np.float32)
    found = Distillation(Teaching(models=("any",), share=0.7, temperature=3.0))(targets, answers)
    hard = -(labels * log_softmax(student, axis=1)).sum(1).mean()
    soft = -(softmax(teacher / 3, axis=1) * log_softmax(student / 3, axis=1)).sum(1).mean()
    assert float(found) == pytest.approx(0.3 * hard + 0.7 * 9 * soft, rel=1e-4)


def test_the_metrics_look_at_the_labels_alone():
    labels, wrong = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[[1, 2, 0]]
    targets = np.stack([labels, wrong], axis=1)
    for metric in (distill.LabelAccuracy(), distill.LabelAUC()):
        metric.update_state(targets, labels * 0.8 + 0.1)
        assert float(metric.result()) == pytest.approx(1.0)


def asking(*models, **how):
    return Teachers(Teaching(models=("any",) * len(models), **how), models)


def taught_batches(recipe, dataset, teachers, path, epoch=0):
    how = {"batch": 8, "augmentation": recipe.augmentation, "seed": 1, "epoch": epoch}
    onehot = np.eye(10, dtype=np.float32)[dataset.train.classes]
    how |= {"teachers": teachers, "kept": path / "kept.npy"}
    return TaughtBatches(dataset.train.images, onehot, **how)


def test_teachers_see_what_the_student_sees_and_answer_with_their_mean(tmp_path, recipe, dataset):
    teachers = [build(recipe), build(recipe)]
    batches = taught_batches(recipe, dataset, asking(*teachers), tmp_path)
    images, targets = batches[1]
    _, labels = TrainingBatches.__getitem__(batches, 1)
    first, second = (teacher.predict(images, verbose=0) for teacher in teachers)
    np.testing.assert_array_equal(targets[:, 0], labels)
    np.testing.assert_allclose(targets[:, 1], (first + second) / 2, atol=1e-6)
    assert targets.dtype == np.float32
    assert not np.allclose(first, second)
    assert not list(tmp_path.glob("kept*"))


def test_a_mirrored_teacher_answers_for_image_and_mirror_image(tmp_path, recipe, dataset):
    teacher = build(recipe)
    images, targets = taught_batches(recipe, dataset, asking(teacher, mirrored=True), tmp_path)[1]
    plain, mirror = (teacher.predict(each, verbose=0) for each in (images, images[:, :, ::-1]))
    np.testing.assert_allclose(targets[:, 1], (plain + mirror) / 2, atol=1e-6)
    assert not np.allclose(plain, mirror, atol=1e-4)
    unseen, onehot = dataset.validation.images, np.eye(10, dtype=np.float32)[dataset.validation.classes]
    targets = [asking(teacher, mirrored=True).targets(each, onehot) for each in (unseen, unseen[:, :, ::-1])]
    np.testing.assert_allclose(*targets, atol=1e-6)


def test_a_teacher_is_asked_once_for_each_view(tmp_path, recipe, dataset):
    class Counted:
        def __init__(self):
            self.teacher, self.asked = build(recipe), 0

        def predict_on_batch(self, images):
            self.asked += len(images)
            return self.teacher.predict_on_batch(images)

    teacher = Counted()

    def epoch(number):
        batches = taught_batches(recipe, dataset, asking(teacher, views=2), tmp_path, number)
        return [batches[index] for index in range(len(batches))]

    seen = [epoch(number) for number in range(4)]
    assert teacher.asked == 2 * len(seen[0]) * 8
    for earlier, later in ((seen[0], seen[2]), (seen[1], seen[3])):
        for (images, targets), (same_images, same_targets) in zip(earlier, later, strict=True):
            np.testing.assert_array_equal(images, same_images)
            np.testing.assert_array_equal(targets, same_targets)
    assert not np.array_equal(seen[0][0][0], seen[1][0][0])


@pytest.mark.parametrize("content", [b"", b"x" * 500])
def test_kept_answers_that_were_cut_off_are_asked_again(tmp_path, recipe, dataset, content):
    teacher = build(recipe)
    (tmp_path / "kept.npy").write_bytes(content)
    images, targets = taught_batches(recipe, dataset, asking(teacher, views=2), tmp_path)[0]
    expected = teacher.predict(images, verbose=0)
    np.testing.assert_allclose(targets[:, 1], expected, atol=1e-6)
    kept = np.lib.format.open_memmap(tmp_path / "kept.npy", "r+")
    kept[0, 0, -1, 5:] = 0
    np.testing.assert_allclose(
        taught_batches(recipe, dataset, asking(teacher, views=2), tmp_path)[0][1], targets, atol=1e-6
    )


def test_a_taught_run_learns_its_teacher_s_answers(tmp_path, recipe, dataset):
    teacher = build(recipe)
    last = teacher.get_layer("probabilities")
    last.set_weights([np.zeros(last.kernel.shape), np.where(np.arange(10) == 3, 8.0, 0.0)])
    before = teacher.get_weights()
    teachers = asking(teacher, share=1.0)
    taught = replace(recipe, epochs=6, teaching=teachers.teaching)
    model = fit.fit(taught, dataset, tmp_path, teachers=teachers)
    assert (model.predict(dataset.validation.images, verbose=0).argmax(1) == 3).mean() > 0.5
    for now, then in zip(teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    # The labels are of ten classes, evenly: what the history says is measured against them.
    assert float(runs.history(tmp_path)[-1]["val_accuracy"]) <= 0.3
