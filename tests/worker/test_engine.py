from pathlib import Path

import numpy as np
import pytest

from worker.engines.engine import EngineFault, Warmed


class Fake:
    name, path, input_shape, classes = "fake", Path("fake"), (2, 2, 3), 3
    sizes: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)

    def __init__(self, answer: object = None) -> None:
        self.ran: list[int] = []
        self.answer = answer

    def predict(self, batch: np.ndarray) -> np.ndarray:
        self.ran.append(len(batch))
        return self.answer(batch) if self.answer else batch.reshape(len(batch), -1)[:, :3].astype(np.float32)


def test_every_size_is_run_once_before_the_first_job() -> None:
    fake = Fake()
    Warmed(fake, 48)
    assert fake.ran == [1, 2, 4, 8, 16, 32, 48]


def test_a_batch_larger_than_the_engine_s_largest_goes_in_pieces() -> None:
    fake = Fake()
    fake.sizes = (1, 2, 4, 8, 16, 32)
    engine = Warmed(fake, 256)
    assert max(fake.ran) == 32
    fake.ran.clear()
    assert engine.predict(np.zeros((100, 2, 2, 3), np.uint8)).shape == (100, 3)
    assert fake.ran == [32, 32, 32, 4]


@pytest.mark.parametrize("count", [1, 3, 31, 48, 49, 130])
def test_padding_and_cutting_leave_the_answers_in_order(count: int) -> None:
    fake = Fake()
    engine = Warmed(fake, 48)
    fake.ran.clear()
    batch = np.random.default_rng(0).integers(0, 256, (count, 2, 2, 3), np.uint8)
    assert (engine.predict(batch) == batch.reshape(count, -1)[:, :3]).all()
    assert set(fake.ran) <= {1, 2, 4, 8, 16, 32, 48}


@pytest.mark.parametrize(
    "answer",
    [
        lambda batch: np.zeros((len(batch), 4), np.float32),
        lambda batch: np.zeros((1, 3), np.float32),
        lambda batch: np.full((len(batch), 3), np.nan, np.float32),
    ],
)
def test_an_answer_that_is_not_one_row_an_image_is_a_fault(answer: object) -> None:
    with pytest.raises(EngineFault):
        Warmed(Fake(answer), 2)
