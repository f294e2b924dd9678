import pytest

pytest.importorskip("keras")

import numpy as np

from training.batches import Augmentation, TrainingBatches
from training.schedules import OneCycle

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), dtype=np.uint8)
ONEHOT = np.eye(50, dtype=np.float32)


def batches(epoch=0, seed=1, **augmentation):
    return TrainingBatches(IMAGES, ONEHOT, batch=16, augmentation=Augmentation(**augmentation), seed=seed, epoch=epoch)


def test_shapes_and_the_short_rest_dropped():
    made = batches()
    images, onehot = made[0]
    assert len(made) == 3
    assert (images.shape, images.dtype) == ((16, 32, 32, 3), np.uint8)
    assert (onehot.shape, onehot.dtype) == ((16, 50), np.float32)


def test_without_augmentation_an_image_is_itself_or_mirrored():
    images, onehot = batches(shift=0)[1]
    for image, number in zip(images, onehot.argmax(1), strict=True):
        assert any(np.array_equal(image, each) for each in (IMAGES[number], IMAGES[number, :, ::-1]))


def test_alternate_flips_every_image_in_every_second_epoch():
    def by_number(epoch):
        made = batches(epoch, shift=0)
        return {
            n: image for index in range(3) for image, n in zip(made[index][0], made[index][1].argmax(1), strict=True)
        }

    first, second, third = (by_number(epoch) for epoch in range(3))
    for number in first.keys() & second.keys():
        np.testing.assert_array_equal(first[number], second[number][:, ::-1])
    for number in first.keys() & third.keys():
        np.testing.assert_array_equal(first[number], third[number])


def test_a_shift_is_a_window_of_the_reflected_image():
    images, onehot = batches(shift=3)[0]
    padded = np.pad(IMAGES, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")
    for image, number in zip(images, onehot.argmax(1), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(padded[number], (32, 32), (0, 1)).transpose(0, 1, 3, 4, 2)
        found = [(windows == each).all((2, 3, 4)).any() for each in (image, image[:, ::-1])]
        assert any(found)


def test_a_box_of_another_image_brings_as_much_of_its_label():
    images, targets = batches(shift=0, cutmix=1.0)[0]
    plain, onehot = batches(shift=0)[0]
    shares = set()
    for image, target, whole, label in zip(images, targets, plain, onehot, strict=True):
        other = np.flatnonzero((target > 0) & (label == 0))
        changed = (image != whole).any(2)
        rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)) if len(rows) else (slice(0), slice(0))
        assert target.sum() == pytest.approx(1, abs=1e-6)
        if len(other):
            (number,) = other
            assert any(np.array_equal(image[box], each[box]) for each in (IMAGES[number], IMAGES[number, :, ::-1]))
            assert target[number] == pytest.approx(image[box].shape[0] * image[box].shape[1] / 32**2, abs=2 / 32)
            shares.add(float(target[number]))
    assert len(shares) == 1, "one box for the batch"


def test_boxes_come_in_as_many_batches_as_the_share_says():
    made, plain = batches(shift=0, cutmix=0.5), batches(shift=0)
    mixed = []
    for epoch in range(40):
        for both in (made, plain):
            both._begin(epoch)
        mixed += [not np.array_equal(made[index][0], plain[index][0]) for index in range(3)]
    assert 0.3 < np.mean(mixed) < 0.6


@pytest.mark.parametrize("rotation", [0.0, 20.0])
def test_the_same_seed_and_epoch_give_the_same_batches(rotation):
    one, two = batches(2, rotation=rotation), batches(2, rotation=rotation)
    np.testing.assert_array_equal(one[1][0], two[1][0])
    assert not np.array_equal(one[1][0], batches(2, seed=9, rotation=rotation)[1][0])


def test_an_epoch_later_is_the_same_however_one_gets_there():
    walked = batches(0)
    walked.on_epoch_begin()
    walked.on_epoch_end()
    walked.on_epoch_begin()
    np.testing.assert_array_equal(walked[0][0], batches(1)[0][0])
    assert not np.array_equal(walked[0][0], batches(0)[0][0])


@pytest.mark.parametrize(("step", "rate"), [(0, 0.0), (10, 0.04), (20, 0.08), (60, 0.04), (100, 0.0), (150, 0.0)])
def test_one_cycle_rises_and_falls(step, rate):
    assert float(OneCycle(0.08, 100, 0.2)(step)) == pytest.approx(rate, abs=1e-7)


def test_one_cycle_survives_its_config():
    assert OneCycle.from_config(OneCycle(0.1, 50, 0.3).get_config()).get_config() == {
        "peak": 0.1,
        "steps": 50,
        "warmup": 0.3,
    }
