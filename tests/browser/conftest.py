"""A browser and a page on a real stack; a page that logs an error fails its test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Stack

#: Said by Chromium itself of an answer that is a refusal, which the page is expected to cope with.
EXPECTED = "Failed to load resource"


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: Any, stack: Stack) -> Iterator[Any]:
    page = context.new_page()
    yield from opened(page, stack)


def opened(page: Any, stack: Stack, address: str = "/") -> Iterator[Any]:
    """The page, wired; afterwards nothing may have gone wrong in it: no exception, no breach of the policy."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and EXPECTED not in said.text and wrong.append(said.text))
    page.goto(stack.url + address)
    page.locator("body.ready").wait_for()
    yield page
    assert wrong == []


@pytest.fixture(scope="session")
def photos() -> list[Path]:
    """Twenty photos to choose or drop."""
    found = sorted((Path(__file__).resolve().parents[2] / "img").glob("*.jpg"))
    return (found * 20)[:20]
