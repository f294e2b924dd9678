"""A server that asks for an API key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import keys
from contract.settings import Settings
from contract.store import Store
from tests.browser.gestures import drop, wait_for
from tests.stack import Stack, running

pytestmark = pytest.mark.browser
#: The field for the key is within the window, however far down the photos are that wait for it.
IN_VIEW = """() => {
  const { top, bottom } = document.getElementById("key").getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), KERASQ_REQUIRE_KEY="1") as stack:
        yield stack


def test_a_key_is_asked_for_refused_and_taken(page: Any, photos: list[Path], stack: Stack) -> None:
    _, token = keys.add(Store(stack.client(), Settings()), "the page")
    page.set_viewport_size({"width": 360, "height": 500})
    drop(page, photos[:2])
    page.locator("#key-problem", has_text="An API key is asked for").wait_for()
    page.wait_for_timeout(1000)  # photos that were added are scrolled to
    assert page.evaluate(IN_VIEW)
    for wrong, says in (("kq_nobody", "is not known here"), (f"{token}\u200b", "letters that no key has")):
        page.fill("#key", wrong)
        page.press("#key", "Enter")
        page.locator("#key-problem", has_text=says).wait_for()
    page.fill("#key", token)
    page.press("#key", "Enter")
    wait_for(page, 2, "answered")
    assert page.locator("#key-form").is_hidden()
    assert page.evaluate("document.activeElement.id") == "files"
