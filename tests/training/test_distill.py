from dataclasses import replace

import pytest

pytest.importorskip("keras")

import numpy as np
from scipy.special import log_softmax, softmax

from training import distill, fit, runs
from training.batches import Augmentation, TrainingBatches
from training.distill import Distillation, Teaching
from training.fit import build

RNG = np.random.default_rng(7)


def test_the_loss_is_that_of_the_paper():
    logits, teacher = RNG.normal(size=(2, 6, 10)) * 3
    labels = np.eye(10)[RNG.integers(0, 10, 6)]
    targets = np.stack([labels, softmax(teacher / 3, axis=1)], axis=1)
    found = Distillation(Teaching(models=("any",), share=0.7, temperature=3.0))(
        targets.astype(np.float32), softmax(logits, axis=1).astype(np.float32)
    )
    hard = -(labels * log_softmax(logits, axis=1)).sum(1).mean()
    soft = -(targets[:, 1] * log_softmax(logits / 3, axis=1)).sum(1).mean()
    assert float(found) == pytest.approx(0.3 * hard + 0.7 * 9 * soft, rel=1e-4)


def test_the_metrics_look_at_the_labels_alone():
    labels, wrong = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[[1, 2, 0]]
    targets = np.stack([labels, wrong], axis=1)
    for metric in (distill.LabelAccuracy(), distill.LabelAUC()):
        metric.update_state(targets, labels * 0.8 + 0.1)
        assert float(metric.result()) == pytest.approx(1.0)


def test_several_teachers_answer_with_their_mean(recipe, dataset):
    teachers, images = [build(recipe), build(recipe)], dataset.validation.images
    onehot = np.eye(10, dtype=np.float32)[dataset.validation.classes]
    one, two, both = (distill.targets(each, images, onehot, 2.0) for each in (teachers[:1], teachers[1:], teachers))
    np.testing.assert_array_equal(both[:, 0], onehot)
    np.testing.assert_allclose(both[:, 1], (one[:, 1] + two[:, 1]) / 2, atol=1e-6)
    assert not np.allclose(one[:, 1], two[:, 1])


def test_a_flipped_image_comes_with_the_answer_for_it():
    images = RNG.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    straight, mirrored = np.zeros((20, 1), np.float32), np.ones((20, 1), np.float32)
    batches = TrainingBatches(images, straight, mirrored=mirrored, batch=20, augmentation=Augmentation(shift=0), seed=1)
    made, targets = batches[0]
    left = {image.tobytes() for image in images}
    assert [float(target[0]) for target in targets] == [float(image.tobytes() not in left) for image in made]
    assert 0 < targets.sum() < 20


def test_a_taught_run_learns_its_teacher_s_answers(tmp_path, recipe, dataset):
    teacher = build(recipe)
    last = teacher.get_layer("probabilities")
    last.set_weights([np.zeros(last.kernel.shape), np.where(np.arange(10) == 3, 8.0, 0.0)])
    taught = replace(recipe, epochs=6, teaching=Teaching(models=("any",), share=1.0, temperature=2.0))
    model = fit.fit(taught, dataset, tmp_path, targets=lambda data: fit.taught(data, [teacher], temperature=2.0))
    assert (model.predict(dataset.validation.images, verbose=0).argmax(1) == 3).mean() > 0.5
    # The labels are of ten classes, evenly: what the history says is measured against them.
    assert float(runs.history(tmp_path)[-1]["val_accuracy"]) <= 0.3
