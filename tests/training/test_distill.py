from dataclasses import replace

import pytest

pytest.importorskip("keras")

import numpy as np
from scipy.special import log_softmax, softmax

from training import distill, fit, runs
from training.distill import Distillation, Teaching
from training.fit import build

RNG = np.random.default_rng(7)


def test_the_loss_is_that_of_the_paper():
    student, teacher = RNG.normal(size=(2, 6, 10)) * 3
    labels = np.eye(10, dtype=np.float32)[RNG.integers(0, 10, 6)]
    answers = np.stack([softmax(student, axis=1), softmax(teacher, axis=1)], axis=1).astype(np.float32)
    found = Distillation(Teaching(models=("any",), share=0.7, temperature=3.0))(labels, answers)
    hard = -(labels * log_softmax(student, axis=1)).sum(1).mean()
    soft = -(softmax(teacher / 3, axis=1) * log_softmax(student / 3, axis=1)).sum(1).mean()
    assert float(found) == pytest.approx(0.3 * hard + 0.7 * 9 * soft, rel=1e-4)


def test_the_metrics_look_at_the_student_alone():
    labels, wrong = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[[1, 2, 0]]
    answers = np.stack([labels * 0.8 + 0.1, wrong], axis=1)
    for metric in (distill.StudentAccuracy(), distill.StudentAUC()):
        metric.update_state(labels, answers)
        assert float(metric.result()) == pytest.approx(1.0)


def test_several_teachers_answer_with_their_mean_and_learn_nothing(recipe, dataset):
    student, one, two = (build(recipe) for _ in range(3))
    images = dataset.validation.images
    both = distill.beside(student, [one, two])
    assert {id(each) for each in both.trainable_weights} == {id(each) for each in student.trainable_weights}
    answers = both.predict(images, verbose=0)
    ours, first, second = (model.predict(images, verbose=0) for model in (student, one, two))
    np.testing.assert_allclose(answers[:, 0], ours, atol=1e-6)
    np.testing.assert_allclose(answers[:, 1], (first + second) / 2, atol=1e-6)
    assert not np.allclose(first, second)


def test_a_teacher_drops_nothing_out_and_the_student_keeps_its_penalty(recipe, dataset):
    dropping = replace(recipe, options={"dropouts": (0.9,), "head_dropout": 0.0, "l2": 0.1})
    student, teacher = build(dropping), build(dropping)
    images = dataset.validation.images
    both = distill.beside(student, [teacher])
    answers = np.asarray(both(images, training=True))
    assert float(sum(both.losses)) == pytest.approx(float(sum(student.losses)))
    np.testing.assert_allclose(answers[:, 1], teacher.predict(images, verbose=0), atol=1e-6)
    assert not np.allclose(answers[:, 0], student.predict(images, verbose=0), atol=1e-3)


def test_a_taught_run_learns_its_teacher_s_answers(tmp_path, recipe, dataset):
    teacher = build(recipe)
    last = teacher.get_layer("probabilities")
    last.set_weights([np.zeros(last.kernel.shape), np.where(np.arange(10) == 3, 8.0, 0.0)])
    before = teacher.get_weights()
    taught = replace(recipe, epochs=6, teaching=Teaching(models=("any",), share=1.0))
    model = fit.fit(taught, dataset, tmp_path, teachers=[teacher])
    assert (model.predict(dataset.validation.images, verbose=0).argmax(1) == 3).mean() > 0.5
    for now, then in zip(teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    # The labels are of ten classes, evenly: what the history says is measured against them.
    assert float(runs.history(tmp_path)[-1]["val_accuracy"]) <= 0.3
