import pytest

pytest.importorskip("keras")

import keras
import numpy as np
from scipy.special import softmax

from training import calibrate
from training.errors import PublishError
from training.fit import build

RNG = np.random.default_rng(3)


def too_sure(scale=4.0):
    """Logits whose probabilities would be right if they were divided by `scale`, and classes drawn from those."""
    scores = RNG.normal(size=(4000, 5)) * 2
    chances = softmax(scores, axis=1)
    classes = np.array([RNG.choice(5, p=each) for each in chances])
    return scores * scale, classes


def test_the_temperature_is_found_and_lowers_the_loss():
    scores, classes = too_sure()
    temperature = calibrate.find_temperature(scores, classes)
    assert temperature == pytest.approx(4.0, rel=0.1)
    assert calibrate.nll(scores, classes, temperature) < calibrate.nll(scores, classes)
    before, after = (softmax(scores / t, axis=1) for t in (1.0, temperature))
    errors = [calibrate.expected_calibration_error(each, classes) for each in (before, after)]
    assert errors[1] < errors[0] / 3


def test_a_temperature_that_is_likelier_but_less_true_is_not_taken():
    """The first answer is right as often as it says; when it is wrong, the class thought least likely is right."""
    sure = RNG.choice([0.5, 0.7, 0.9], 6000)
    chances = np.stack([sure, (1 - sure) * 0.2, (1 - sure) * 0.4, (1 - sure) * 0.4], axis=1)
    scores, classes = np.log(chances), np.where(RNG.random(6000) < sure, 0, 1)
    assert calibrate.nll(scores, classes, 1.15) < calibrate.nll(scores, classes)
    temperature = calibrate.find_temperature(scores, classes)
    errors = [
        calibrate.expected_calibration_error(softmax(scores / each, axis=1), classes) for each in (temperature, 1.15)
    ]
    assert errors[0] < errors[1] / 2


def test_folding_divides_the_logits_and_changes_no_answer(recipe):
    model = build(recipe)
    model.get_layer("probabilities").bias.assign(np.arange(10) / 7)
    images = RNG.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    scores, before = calibrate.logits(model, images), model.predict(images, verbose=0)
    np.testing.assert_allclose(softmax(scores, axis=1), before, atol=1e-6)
    calibrate.fold(model, 2.5)
    after = model.predict(images, verbose=0)
    np.testing.assert_allclose(after, softmax(scores / 2.5, axis=1), atol=1e-6)
    np.testing.assert_array_equal(before.argmax(1), after.argmax(1))


def test_a_model_without_softmax_is_refused():
    pixels = keras.Input((4,))
    with pytest.raises(PublishError, match="expected a Dense layer with bias and softmax"):
        calibrate.fold(keras.Model(pixels, keras.layers.Dense(2)(pixels)), 2.0)


def test_calibration_error_by_hand():
    # Two bins: (0, 0.5] holds one wrong answer of confidence 0.5; (0.5, 1] holds 0.8 right, 0.8 wrong, 1.0 right.
    probabilities = np.array([[0.5, 0.5], [0.8, 0.2], [0.8, 0.2], [0.0, 1.0]])
    classes = np.array([1, 0, 1, 1])
    found = calibrate.reliability(probabilities, classes, bins=2)
    assert found.images.tolist() == [1, 3]
    assert found.accuracy.tolist() == pytest.approx([0.0, 2 / 3])
    expected = 1 / 4 * 0.5 + 3 / 4 * abs(2 / 3 - 2.6 / 3)
    assert found.error == pytest.approx(expected)


def test_empty_bins_count_for_nothing():
    assert calibrate.expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0
