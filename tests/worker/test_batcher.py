import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from tests.stack import until
from worker import batcher as module
from worker.batcher import Answer, Batcher
from worker.device import Device


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


def values(answers: list[Answer]) -> list[float]:
    """What Counting saw of each image."""
    return [float(answer[0]) for answer in answers]


def images(*values: int) -> np.ndarray:
    return np.stack([np.full((2, 2, 3), value, np.uint8) for value in values])


def make(engine: Counting, **options: float) -> Batcher:
    return Batcher(engine, Device(), **{"batch_max": 8, "wait_s": 0.01, **options})


@pytest.fixture
def engine() -> Counting:
    return Counting()


def test_how_long_a_batch_has_run(engine: Counting) -> None:
    batcher = make(engine)
    engine.gate.clear()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(batcher.run, [images(1)])
        assert engine.running.wait(5)
        time.sleep(0.02)
        assert 0.02 <= batcher.running_for < 5
        engine.gate.set()
        answer.result(5)
    assert batcher.running_for == 0
    batcher.run([images(13)])
    assert batcher.running_for == 0


def test_images_that_fail_one_by_one_are_not_taken_for_a_batch_that_hangs(engine: Counting) -> None:
    batcher = make(engine)
    longest = []

    def slow(batch: np.ndarray) -> np.ndarray:
        time.sleep(0.02)
        longest.append(batcher.running_for)
        if not (batch == 0).all():
            raise RuntimeError("each of them")
        return batch

    engine.predict = slow  # type: ignore[method-assign]
    batcher.run([images(value) for value in range(1, 9)])
    assert len(longest) == 16 and max(longest) < 0.1


def test_an_engine_that_runs_nothing_any_more_ends_its_worker(engine: Counting, monkeypatch) -> None:
    """And answers nothing before: what it was asked is for another worker."""

    def broken(batch: np.ndarray) -> np.ndarray:
        raise RuntimeError("the device is gone")

    def end(why: str) -> None:
        raise SystemExit(why)

    engine.predict = broken  # type: ignore[method-assign]
    monkeypatch.setattr(module, "end", end)
    with pytest.raises(SystemExit, match=r"the engine runs no image any more \(the device is gone\)"):
        make(engine).run([images(1, 2)])


def test_bad_images_alone_end_no_worker(engine: Counting, monkeypatch) -> None:
    monkeypatch.setattr(module, "end", lambda why: pytest.fail(why))
    (answers,) = make(engine).run([images(13, 13, 13)])
    assert [str(each) for each in answers] == ["thirteen"] * 3
    assert engine.firsts[-1] == 0


def test_nobody_waits_for_ever_for_a_batch_that_could_not_be_made(engine: Counting, monkeypatch) -> None:
    batcher = make(engine, wait_s=0.2)
    engine.gate.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(batcher.run, [images(1)])
        assert engine.running.wait(5)
        others = [pool.submit(batcher.run, [images(value)]) for value in (2, 3, 4)]
        until(lambda: batcher._items.qsize() == 3, "the others wait", 5)
        monkeypatch.setattr(module.np, "concatenate", refuse)
        engine.gate.set()
        assert values(first.result(5)[0]) == [1]
        for other in others:
            assert [str(each) for each in other.result(5)[0]] == ["no memory"]
    monkeypatch.undo()
    assert values(batcher.run([images(5)])[0]) == [5]


def refuse(*_: object) -> None:
    raise MemoryError("no memory")


class Askers:
    """Threads that each ask a batcher for one piece."""

    def __init__(self, batcher: Batcher, pool: ThreadPoolExecutor) -> None:
        self._batcher, self._pool, self.answers = batcher, pool, []

    def ask(self, *values: int, urgent: bool = True) -> None:
        """Ask, and go on once the piece waits."""
        waiting = self._batcher._items.qsize()
        self.answers.append(self._pool.submit(self._batcher.run, [images(*values)], urgent=urgent))
        until = time.monotonic() + 5
        while self._batcher._items.qsize() == waiting and time.monotonic() < until:
            time.sleep(0.001)

    def told(self) -> list[list[Answer]]:
        return [answers for each in self.answers for answers in each.result(5)]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def busy(engine: Counting, batcher: Batcher, pool: ThreadPoolExecutor) -> Askers:
    """The engine runs one image and goes on when its gate opens, so that what comes now waits together."""
    engine.gate.clear()
    pool.submit(batcher.run, [images(0)])
    assert engine.running.wait(5)
    return Askers(batcher, pool)


def test_a_lone_item_runs_alone_and_at_once(engine: Counting) -> None:
    began = time.monotonic()
    ((answer,),) = make(engine, wait_s=5).run([images(7)])
    assert answer.tolist() == [7] * 4
    assert time.monotonic() - began < 2


def test_nothing_is_asked_of_the_engine_for_nothing(engine: Counting) -> None:
    assert make(engine).run([]) == []
    assert engine.batches == []


def test_the_pieces_of_one_caller_run_together(engine: Counting) -> None:
    answers = make(engine).run([images(1, 2), images(3)])
    assert [values(each) for each in answers] == [[1, 2], [3]]
    assert engine.batches == [3]


def test_what_waits_runs_together_and_everyone_gets_their_own(engine: Counting, pool: ThreadPoolExecutor) -> None:
    askers = busy(engine, make(engine), pool)
    for n in (1, 3, 5):
        askers.ask(n, n + 1)
    engine.gate.set()
    assert [values(each) for each in askers.told()] == [[1, 2], [3, 4], [5, 6]]
    assert engine.batches == [1, 6]


def test_a_batch_is_never_larger_than_its_limit(engine: Counting, pool: ThreadPoolExecutor) -> None:
    askers = busy(engine, make(engine), pool)
    for _ in range(5):
        askers.ask(*range(3))
    engine.gate.set()
    askers.told()
    assert max(engine.batches) <= 8
    assert sum(engine.batches) == 16


def test_urgent_items_go_before_bulk(engine: Counting, pool: ThreadPoolExecutor) -> None:
    askers = busy(engine, make(engine, batch_max=1), pool)
    askers.ask(1, urgent=False)
    askers.ask(2)
    engine.gate.set()
    askers.told()
    assert engine.firsts == [0, 2, 1]


def test_an_urgent_item_goes_between_the_parts_of_a_large_piece(engine: Counting, pool: ThreadPoolExecutor) -> None:
    batcher = make(engine, batch_max=2)
    engine.gate.clear()
    bulk = pool.submit(batcher.run, [images(1, 1, 2, 2, 3)], urgent=False)
    assert engine.running.wait(5)
    askers = Askers(batcher, pool)
    askers.ask(9)
    engine.gate.set()
    assert values(askers.told()[0]) == [9]
    assert values(bulk.result(5)[0]) == [1, 1, 2, 2, 3]
    assert engine.firsts == [1, 1, 9, 2, 2, 3]


def test_an_image_that_fails_leaves_the_others_of_its_piece(engine: Counting) -> None:
    first, second = make(engine, batch_max=4).run([images(1, 2, 13, 3, 4), images(5, 13, 6)])
    assert [str(first.pop(2)), str(second.pop(1))] == ["thirteen"] * 2
    assert [values(first), values(second)] == [[1, 2, 3, 4], [5, 6]]


def test_another_model_goes_between_the_parts_of_a_large_piece(engine: Counting, pool: ThreadPoolExecutor) -> None:
    device, other = Device(), Counting()
    one, two = (Batcher(each, device, batch_max=1, wait_s=0) for each in (engine, other))
    engine.gate.clear()
    bulk = pool.submit(one.run, [images(*range(10))], urgent=False)
    assert engine.running.wait(5)
    other.firsts = engine.firsts
    answer = pool.submit(two.run, [images(12)])
    assert not other.running.wait(0.1)
    engine.gate.set()
    answer.result(5)
    bulk.result(5)
    assert engine.firsts == [0, 12, *range(1, 10)]


def test_models_that_share_a_device_take_turns(engine: Counting, pool: ThreadPoolExecutor) -> None:
    device, other = Device(), Counting()
    one, two = (Batcher(each, device, batch_max=8, wait_s=0) for each in (engine, other))
    askers = busy(engine, one, pool)
    answer: Future[list[list[Answer]]] = pool.submit(two.run, [images(4)])
    assert not other.running.wait(0.1)
    engine.gate.set()
    assert values(answer.result(5)[0]) == [4]
    assert askers.told() == []


def test_a_bad_item_fails_alone(engine: Counting, pool: ThreadPoolExecutor) -> None:
    askers = busy(engine, make(engine), pool)
    for n in (1, 13, 2):
        askers.ask(n)
    engine.gate.set()
    good, (bad,), also_good = askers.told()
    assert values(good + also_good) == [1, 2]
    assert str(bad) == "thirteen"


def test_many_callers_at_once_are_all_answered(engine: Counting, pool: ThreadPoolExecutor) -> None:
    batcher = make(engine, wait_s=0.001)
    asked = [pool.submit(batcher.run, [images(n % 13)], urgent=bool(n % 2)) for n in range(300)]
    assert [values(each.result(5)[0]) for each in asked] == [[n % 13] for n in range(300)]
    assert sum(engine.batches) == 300


def test_pixels_of_another_shape_are_refused_and_the_others_run(engine: Counting) -> None:
    refused, given = make(engine).run([np.zeros((1, 3, 3, 3), np.uint8), images(5)])
    assert [str(each) for each in refused] == ["the pixels are (3, 3, 3), the model takes (2, 2, 3)"]
    assert values(given) == [5]


def test_an_urgent_answer_is_told_before_the_bulk_piece_ends(engine, pool):
    batcher, last, predict = make(engine, batch_max=1), threading.Event(), engine.predict

    def held_at_the_end(batch):
        if (batch == 3).any():
            last.wait(3)
        return predict(batch)

    engine.predict = held_at_the_end
    engine.gate.clear()
    bulk = pool.submit(batcher.run, [images(1, 2, 3)], urgent=False)
    assert engine.running.wait(5)
    askers = Askers(batcher, pool)
    askers.ask(9)
    engine.gate.set()
    assert values(askers.told()[0]) == [9]
    assert not bulk.done()
    last.set()
    bulk.result(5)
