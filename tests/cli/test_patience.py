import pytest

from cli import patience
from cli.patience import Patience
from contract.errors import QueueFull, QueueUnavailable


class Clock:
    """Time passes when one sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 1000.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(patience, "time", clock)
    return clock


def failing(times: int, error: Exception):
    left = [error] * times

    def step() -> str:
        if left:
            raise left.pop()
        return "done"

    return step


def test_a_queue_that_was_never_there_is_not_waited_for(clock: Clock) -> None:
    with pytest.raises(QueueUnavailable):
        Patience(60, print)(failing(1, QueueUnavailable("away")))
    assert clock.slept == []


def test_a_full_queue_is_waited_for_from_the_first_step(clock: Clock) -> None:
    assert Patience(60, print)(failing(2, QueueFull("full"))) == "done"
    assert clock.slept == [0.1, 0.2]


def test_pauses_grow_and_it_is_said_once(clock: Clock) -> None:
    said = []
    patient = Patience(60, said.append)
    patient(lambda: None)
    assert patient(failing(8, QueueFull("full"))) == "done"
    assert clock.slept == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert said == ["full; trying again for 60 s"]


def test_it_ends_in_time(clock: Clock) -> None:
    patient = Patience(7, lambda words: None)
    patient(lambda: None)
    with pytest.raises(QueueUnavailable, match="away; gave up after 7 s"):
        patient(failing(1000, QueueUnavailable("away")))
    assert sum(clock.slept) == pytest.approx(7)


def test_a_server_says_when_to_come_back(clock: Clock) -> None:
    patient = Patience(60, lambda words: None, heed=True)
    patient(lambda: None)
    assert patient(failing(3, QueueFull("full"))) == "done"
    assert clock.slept == [5, 5, 5]
