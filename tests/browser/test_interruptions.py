"""Redis goes and comes back, workers are missing, the user changes their mind."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.gestures import drop, reads, wait_for
from tests.stack import Stack, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without workers: what is submitted waits until one is started."""
    with running(tmp_path_factory.mktemp("stack"), workers=0) as stack:
        yield stack


def test_a_waiting_submission_can_be_cancelled(page: Any, photos: list[Path], stack: Stack) -> None:
    drop(page, photos[:5])
    wait_for(page, 5, "queued")
    page.get_by_role("button", name="Cancel").click()
    wait_for(page, 5, "cancelled")
    reads(page, "#summary", "0 of 5 photos answered, 5 cancelled")
    page.wait_for_function("() => fetch('/jobs').then((r) => r.json()).then((b) => b.jobs[0].status === 'cancelled')")
    assert page.evaluate("document.activeElement.id") == "answers-title"
    page.get_by_role("button", name="Try again").first.click()
    wait_for(page, 1, "queued")
    assert page.evaluate("document.activeElement.className") == "tile-name"
    page.get_by_role("button", name="Cancel").click()
    wait_for(page, 5, "cancelled")
    page.get_by_role("button", name="Clear").click()
    assert page.locator(".tile").count() == 0


def test_without_a_worker_the_page_says_so_and_photos_wait(page: Any, photos: list[Path], stack: Stack) -> None:
    page.locator("#banner", has_text="No worker serves").wait_for()
    drop(page, photos[:3])
    wait_for(page, 3, "queued")
    # Behind what was cancelled before, until a worker drops that.
    page.locator(".tile-state", has_text=re.compile(r"place [1-9]")).first.wait_for()
    worker = stack.start_worker()
    wait_for(page, 3, "answered")
    page.locator("#banner", has_text="All is back").wait_for()
    stack.kill_worker(worker)


def test_taking_a_second_question_back_leaves_the_first_answer(page: Any, photos: list[Path], stack: Stack) -> None:
    worker = stack.start_worker()
    drop(page, photos[:2])
    wait_for(page, 2, "answered")
    first = page.locator(".guesses").all_inner_texts()
    stack.kill_worker(worker)
    page.locator(".choice:has(input[value=cifar100])").click()
    page.get_by_role("button", name="Ask cifar100 instead").click()
    wait_for(page, 2, "queued")
    page.get_by_role("button", name="Cancel").click()
    wait_for(page, 2, "answered")
    assert page.locator(".guesses").all_inner_texts() == first
    assert page.locator(".tile-model").all_inner_texts() == ["says cifar10"] * 2
    assert page.get_by_role("button", name="Ask cifar100 instead").is_visible()


def test_more_photos_wait_than_a_browser_has_connections(page: Any, stack: Stack) -> None:
    page.locator("#banner", has_text="No worker serves").wait_for()
    for number in range(8):
        page.locator(".sample").nth(number).click()
    wait_for(page, 8, "queued")
    page.wait_for_timeout(3000)  # in which the queue is asked for again, over a connection that must be free
    assert "No worker serves" in page.locator("#banner").inner_text()
    worker = stack.start_worker()
    wait_for(page, 8, "answered")
    stack.kill_worker(worker)


def test_redis_away_and_back(page: Any, photos: list[Path], stack: Stack) -> None:
    worker = stack.start_worker()
    stack.stop_redis()
    page.locator("#banner", has_text="Redis does not answer").wait_for()
    drop(page, photos[:4])
    page.locator(".tile-state", has_text="queue unavailable").first.wait_for()
    stack.start_redis()
    wait_for(page, 4, "answered")
    page.locator("#banner", has_text="All is back").wait_for()
    stack.kill_worker(worker)


def test_redis_away_while_a_job_waits(page: Any, photos: list[Path], stack: Stack) -> None:
    drop(page, photos[:4])
    wait_for(page, 4, "queued")
    stack.stop_redis()
    page.locator("#banner", has_text="Redis does not answer").wait_for()
    stack.start_redis()
    worker = stack.start_worker()
    wait_for(page, 4, "answered")
    stack.kill_worker(worker)


def test_the_server_away_and_back(page: Any, photos: list[Path], stack: Stack) -> None:
    worker = stack.start_worker()
    stack.stop_api()
    page.locator("#banner", has_text="The server cannot be reached").wait_for()
    drop(page, photos[:2])
    stack.start_api()
    wait_for(page, 2, "answered")
    stack.kill_worker(worker)
