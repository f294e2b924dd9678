"""The fast engine's close calls go to the exact one, and nothing else does."""

import numpy as np

from tests.worker.test_engine import Fake
from worker.engines.careful import Careful


def images(count: int) -> np.ndarray:
    return np.zeros((count, 2, 2, 3), np.uint8)


def engines(*answers: list[float]) -> tuple[Careful, Fake]:
    """Of one whose fast engine gives these answers, and whose exact one is sure of the last label."""
    exact = Fake(lambda batch: np.tile(np.float32([0, 0, 1]), (len(batch), 1)))
    engine = Careful(Fake(lambda batch: np.float32(answers)), exact)
    engine.predict(images(len(answers)))
    exact.ran.clear()
    return engine, exact


def test_only_an_image_whose_first_two_labels_are_close_is_answered_again() -> None:
    engine, exact = engines([0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.1, 0.43, 0.47])
    assert engine.predict(images(3)).argmax(axis=1).tolist() == [0, 2, 2]
    assert exact.ran == [4]


def test_where_nothing_is_close_the_exact_engine_rests() -> None:
    engine, exact = engines([0.9, 0.05, 0.05])
    assert engine.predict(images(1)).argmax() == 0
    assert exact.ran == []


def test_many_close_calls_go_in_pieces_that_are_small() -> None:
    engine, exact = engines(*[[0.5, 0.5, 0.0]] * 20)
    assert (engine.predict(images(20)) == [0, 0, 1]).all()
    assert exact.ran == [4] * 5
