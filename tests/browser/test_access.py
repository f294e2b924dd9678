"""By keyboard, by screen reader, on a small screen, in the dark; and the headers that keep the page to itself."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import opened
from tests.browser.gestures import drop, overflows, wait_for
from tests.conftest import absent
from tests.stack import Stack

pytestmark = pytest.mark.browser
PAGES = ("/", "/docs", "/docs/problems")


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source, as axe-playwright-python ships it."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        absent("axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text()


def findings(page: Any, axe: str) -> list[str]:
    """The serious and critical ones, each with the elements that it is about."""
    page.evaluate(axe)
    result = page.evaluate("axe.run()")
    found = [each for each in result["violations"] if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:5]]}" for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_answers_on_the_page(
    browser: Any, stack: Stack, photos: list[Path], tmp_path: Path, axe: str, scheme: str
) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")
    for page in opened(context.new_page(), stack):
        drop(page, [*photos[:3], broken])
        wait_for(page, 3, "answered")
        page.locator("details summary").click()
        assert findings(page, axe) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing(browser: Any, stack: Stack, axe: str, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(stack.url + address)
    page.locator("body.ready, .operation").first.wait_for()
    assert findings(page, axe) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("address", PAGES)
def test_no_width_scrolls_sideways(browser: Any, stack: Stack, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
    page = context.new_page()
    page.goto(stack.url + address)
    page.locator("body.ready, .operation").first.wait_for()
    assert not overflows(page)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] > 127")
    assert light == (scheme == "light")
    context.close()


def test_answers_fit_a_phone(browser: Any, stack: Stack, photos: list[Path], tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    endless = tmp_path / f"{'a-very-long-name' * 8}.jpg"
    endless.write_bytes(photos[0].read_bytes())
    for page in opened(context.new_page(), stack):
        page.set_input_files("#files", [endless, *photos[:3]])
        wait_for(page, 4, "answered")
        page.locator("details summary").click()
        assert not overflows(page)
        cut_off = """shares => shares.filter((share) => {
            const [inner, outer] = [share, share.closest(".tile")].map((each) => each.getBoundingClientRect());
            return inner.right > outer.right;
        }).length"""
        assert page.locator(".guess-share").evaluate_all(cut_off) == 0
    context.close()


def test_everything_can_be_done_by_keyboard(page: Any, photos: list[Path]) -> None:
    choosers: list[Any] = []
    # Listened for from the start: Chromium takes a moment to hand choosers over to the test.
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the photos"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "files"
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    for _ in range(100):
        if choosers:
            break
        page.wait_for_timeout(100)
    choosers[0].set_files(photos[:2])
    wait_for(page, 2, "answered")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "model"
    chosen = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowDown")
    if page.locator("input[name=model]").count() > 1:
        assert page.evaluate("document.activeElement.value") != chosen
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    assert "sample" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    wait_for(page, 3, "answered")
    page.locator("#clear").focus()
    page.keyboard.press("Enter")
    assert page.locator(".tile").count() == 0
    assert page.evaluate("document.activeElement.id") == "files"


def test_what_has_focus_can_be_seen(page: Any) -> None:
    page.locator("#files").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.locator("label[for=files]").evaluate("label => getComputedStyle(label).outlineStyle") == "solid"


def test_progress_is_spoken(page: Any, photos: list[Path]) -> None:
    drop(page, photos[:3])
    page.locator("#announcer", has_text="3 of 3 photos answered.").wait_for(state="attached")
    assert page.locator("#announcer").get_attribute("aria-live") == "polite"


def test_still_for_those_who_ask(browser: Any, stack: Stack) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(stack.url)
    assert page.evaluate("parseFloat(getComputedStyle(document.getElementById('drop')).transitionDuration)") < 0.001
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_everything_comes_from_here_and_stays_here(context: Any, stack: Stack, address: str) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    response = page.goto(stack.url + address)
    page.wait_for_load_state("load")
    assert [url for url in asked if not url.startswith(stack.url)] == []
    policy = response.header_value("content-security-policy")
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert response.header_value("x-content-type-options") == "nosniff"
    assert response.header_value("x-frame-options") == "DENY"
    assert response.header_value("referrer-policy") == "no-referrer"
    assert "camera=()" in response.header_value("permissions-policy")
