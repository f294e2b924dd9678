"""Processes die, and nothing that was accepted is lost or answered twice."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contract.presence import present
from tests.client import call
from tests.stack import Stack, running, until

pytestmark = pytest.mark.faults
JOBS = 200


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack of the test's own, whose engine is given time to be killed in: one image a batch."""
    with running(tmp_path, KERASQ_BATCH_MAX="1", KERASQ_LOG_LEVEL="INFO") as stack:
        yield stack


def submit(stack: Stack, count: int = JOBS) -> list[str]:
    def one(number: int) -> str:
        answer = call("POST", f"{stack.url}/cifar10", {"key": "cat.jpg"})
        assert answer.status == 202
        return answer.body["id"]

    with ThreadPoolExecutor(8) as clients:
        return list(clients.map(one, range(count)))


def finished(stack: Stack, ids: list[str]) -> list[dict]:
    """The jobs, once all have ended; each must have succeeded and have exactly one result of three predictions."""

    def settled() -> int:
        return int(stack.client().hget("kerasq:flow:cifar10", "settled") or 0) >= len(ids)

    until(settled, "all jobs settle", 90)
    jobs = [call("GET", f"{stack.url}/jobs/{each}").body for each in ids]
    assert Counter(job["status"] for job in jobs) == {"succeeded": len(ids)}
    assert {len(job["results"]) for job in jobs} == {1}
    assert {len(job["results"][0]["predictions"]) for job in jobs} == {3}
    assert stack.client().hmget("kerasq:flow:cifar10", "submitted", "settled") == [b"%d" % len(ids)] * 2
    return jobs


def some_done_not_all(stack: Stack) -> bool:
    submitted, settled = (
        int(each or 0) for each in stack.client().hmget("kerasq:flow:cifar10", "submitted", "settled")
    )
    return 0 < settled < submitted


def begun(stack: Stack) -> list[str]:
    """Submitted jobs, of which the one worker has done some and not all."""
    (worker,) = stack.workers
    worker.send_signal(signal.SIGSTOP)  # else it might be done before the last is submitted
    ids = submit(stack)
    worker.send_signal(signal.SIGCONT)
    until(lambda: some_done_not_all(stack), "some jobs are done")
    return ids


def test_a_worker_killed_with_200_jobs_in_flight(stack: Stack) -> None:
    stack.kill_worker()
    ids = submit(stack)
    worker = stack.start_worker(wait=False)
    until(lambda: some_done_not_all(stack), "some jobs are done")
    stack.kill_worker(worker)
    settled = int(stack.client().hget("kerasq:flow:cifar10", "settled"))
    assert 0 < settled < JOBS
    stack.start_worker()
    finished(stack, ids)


def test_one_of_two_workers_killed_again_and_again(stack: Stack) -> None:
    ids = []
    for _ in range(3):
        stack.start_worker()
        ids += submit(stack, 50)
        stack.kill_worker()
    finished(stack, ids)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_redis_goes_and_comes_back_with_jobs_waiting(stack: Stack, how: int) -> None:
    stack.kill_worker()
    ids = submit(stack)
    stack.stop_redis(how=how)
    stack.start_redis()
    stack.start_worker()
    finished(stack, ids)


def test_redis_is_killed_while_a_worker_answers(stack: Stack) -> None:
    ids = begun(stack)
    stack.stop_redis(how=signal.SIGKILL)
    time.sleep(0.5)
    stack.start_redis()
    if stack.workers[0].poll() is not None:  # a worker may end with the broker; its supervisor starts it again
        stack.start_worker(wait=False)
    finished(stack, ids)


def test_a_worker_told_to_stop_finishes_what_it_began_and_hands_back_the_rest(stack: Stack) -> None:
    ids = submit(stack)
    worker = stack.workers.pop()
    worker.terminate()
    assert worker.wait(30) == 0
    stack.start_worker()
    finished(stack, ids)


def test_the_api_is_restarted_while_jobs_run(stack: Stack) -> None:
    ids = submit(stack, 100)
    stack.stop_api()
    stack.start_api()
    finished(stack, ids)


def test_workers_frozen_at_any_moment_and_then_killed(stack: Stack) -> None:
    """Whether one of them takes a message along is chance; that all are answered is not."""
    stack.kill_worker()
    ids = []
    for _ in range(4):
        worker = stack.start_worker()
        worker.send_signal(signal.SIGSTOP)
        ids += submit(stack, 20)
        stack.kill_worker(worker)
    stack.start_worker()
    finished(stack, ids)


def test_a_message_that_went_with_its_worker(stack: Stack) -> None:
    """kombu pops an envelope before the worker takes its message; a worker that dies in between does just this."""
    stack.kill_worker()
    ids = submit(stack, 20)
    assert stack.client().rpop("cifar10")
    rescuer = stack.start_worker()
    finished(stack, ids)
    assert stack.log(f"worker{stack.workers.index(rescuer)}").count("was lost; it is sent again") == 1


def test_a_connection_that_breaks_makes_nothing_run_twice(stack: Stack) -> None:
    images, jobs = 100, 8
    (worker,) = stack.workers
    worker.send_signal(signal.SIGSTOP)
    for _ in range(jobs):
        assert call("POST", f"{stack.url}/cifar10", {"keys": ["cat.jpg"] * images}).status == 202
    worker.send_signal(signal.SIGCONT)
    until(lambda: stack.client().zcard("kerasq:held:cifar10") >= jobs - 1, "the worker holds them")
    for _ in range(3):
        stack.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(0.1)

    def ran() -> int:
        return sum(each.images for each in present(stack.client()))

    until(lambda: ran() >= images * jobs, "all are run")
    time.sleep(3)  # in which what was put back would be run, and the worker says how much it ran
    assert ran() == images * jobs


def test_a_cancelled_job_made_anew_under_its_key_is_run(stack: Stack) -> None:
    """Although a worker, which took the message when the job was not to be run, answers it after that."""
    (worker,) = stack.workers
    worker.send_signal(signal.SIGSTOP)

    def post() -> str:
        return call("POST", f"{stack.url}/cifar10", {"key": "cat.jpg"}, Idempotency_Key="k").body["id"]

    job = post()
    assert call("POST", f"{stack.url}/jobs/{job}/cancel").status == 200
    worker.send_signal(signal.SIGCONT)
    until(lambda: stack.client().hget("kerasq:flow:cifar10", "settled") == b"1", "its message is dropped")
    assert call("DELETE", f"{stack.url}/jobs/{job}").status == 204
    again = post()
    until(lambda: call("GET", f"{stack.url}/jobs/{again}").body["status"] == "succeeded", "it is run", 10)


def test_a_redis_that_hangs_holds_nobody_for_longer_than_he_asked(stack: Stack) -> None:
    (worker,) = stack.workers
    worker.send_signal(signal.SIGSTOP)
    job = submit(stack, 1)[0]
    with ThreadPoolExecutor(2) as clients:
        began = time.monotonic()
        prefers = clients.submit(call, "POST", f"{stack.url}/cifar10", {"key": "cat.jpg"}, Prefer="wait=3")
        waits = clients.submit(call, "GET", f"{stack.url}/jobs/{job}?wait=3")
        time.sleep(0.7)
        stack.hang_redis()
        try:
            assert (prefers.result(20).status, waits.result(20).status) == (202, 200)
            assert 2.5 < time.monotonic() - began < 6
            began = time.monotonic()
            assert call("GET", f"{stack.url}/readyz").status == 503
            assert time.monotonic() - began < 5
        finally:
            stack.wake_redis()
            worker.send_signal(signal.SIGCONT)
    ids = [job, prefers.result().body["id"]]
    for each in ids * 10:  # no answer that came too late is taken for another's
        assert call("GET", f"{stack.url}/jobs/{each}").body["id"] == each
    finished(stack, ids)


def test_a_worker_is_told_to_stop_while_redis_hangs(stack: Stack) -> None:
    (worker,) = stack.workers
    ids = begun(stack)
    stack.hang_redis()
    try:
        worker.terminate()
        worker.wait(30)
    finally:
        stack.wake_redis()
    stack.workers.remove(worker)
    stack.start_worker()
    finished(stack, ids)


def test_a_redis_that_takes_no_writes_for_a_while(stack: Stack) -> None:
    ids = submit(stack, 50)
    stack.client().config_set("min-replicas-to-write", 1)  # of which it has none
    time.sleep(2)
    assert call("POST", f"{stack.url}/cifar10", {"key": "cat.jpg"}).status == 503
    assert stack.workers[0].poll() is None
    stack.client().config_set("min-replicas-to-write", 0)
    finished(stack, ids)
    finished(stack, ids + submit(stack, 10))  # by the same worker
