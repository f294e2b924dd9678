import threading

import numpy as np
import pytest

from worker.batcher import Batcher


class Counting:
    """An engine whose answer to an image is its first pixel; keeps the sizes of its batches. Refuses 13."""

    name, input_shape, classes = "counting", (2, 2, 3), 4

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.firsts: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.running = threading.Event()

    def predict(self, batch: np.ndarray) -> np.ndarray:
        self.running.set()
        self.gate.wait(5)
        self.batches.append(len(batch))
        self.firsts += batch[:, 0, 0, 0].tolist()
        if (batch == 13).any():
            raise RuntimeError("thirteen")
        return np.repeat(batch[:, 0, 0, :1].astype(np.float32), 4, axis=1)


def images(*values: int) -> np.ndarray:
    return np.stack([np.full((2, 2, 3), value, np.uint8) for value in values])


def make(engine: Counting, **options: float) -> Batcher:
    return Batcher(engine, threading.Lock(), **{"batch_max": 8, "wait_s": 0.01, **options})


@pytest.fixture
def engine() -> Counting:
    return Counting()


def held(engine: Counting, batcher: Batcher) -> None:
    """Make the engine busy with one image, so that what comes now waits together."""
    engine.gate.clear()
    batcher.submit(images(0))
    assert engine.running.wait(5)


def test_a_lone_item_runs_alone_and_at_once(engine: Counting) -> None:
    answer = make(engine, wait_s=5).submit(images(7)).result(2)
    assert answer.tolist() == [[7] * 4]


def test_what_waits_runs_together_and_everyone_gets_their_own(engine: Counting) -> None:
    batcher = make(engine)
    held(engine, batcher)
    futures = [batcher.submit(images(n, n + 1)) for n in (1, 3, 5)]
    engine.gate.set()
    assert [future.result(5)[:, 0].tolist() for future in futures] == [[1, 2], [3, 4], [5, 6]]
    assert engine.batches == [1, 6]


def test_a_batch_is_never_larger_than_its_limit(engine: Counting) -> None:
    batcher = make(engine)
    held(engine, batcher)
    futures = [batcher.submit(images(*range(3))) for _ in range(5)]
    engine.gate.set()
    for future in futures:
        future.result(5)
    assert max(engine.batches) <= 8
    assert sum(engine.batches) == 16


def test_urgent_items_go_before_bulk(engine: Counting) -> None:
    batcher = make(engine, batch_max=1)
    held(engine, batcher)
    futures = [batcher.submit(images(1), urgent=False), batcher.submit(images(2))]
    engine.gate.set()
    for future in futures:
        future.result(5)
    assert engine.firsts == [0, 2, 1]


def test_a_bad_item_fails_alone(engine: Counting) -> None:
    batcher = make(engine)
    held(engine, batcher)
    good, bad, also_good = (batcher.submit(images(n)) for n in (1, 13, 2))
    engine.gate.set()
    assert good.result(5)[0, 0] == 1
    assert also_good.result(5)[0, 0] == 2
    with pytest.raises(RuntimeError, match="thirteen"):
        bad.result(5)


def test_pixels_of_another_shape_are_refused(engine: Counting) -> None:
    with pytest.raises(ValueError, match=r"the pixels are \(3, 3, 3\), the model takes \(2, 2, 3\)"):
        make(engine).submit(np.zeros((1, 3, 3, 3), np.uint8)).result(5)
