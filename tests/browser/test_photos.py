"""Photos go in, answers come out."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.gestures import drop, paste, reads, wait_for
from tests.stack import Stack

pytestmark = pytest.mark.browser


def test_dropping_twenty_photos_shows_three_guesses_for_each(page: Any, photos: list[Path]) -> None:
    drop(page, photos)
    wait_for(page, 20, "answered")
    tiles = page.locator(".tile")
    assert [tile.locator(".guess").count() for tile in tiles.all()] == [3] * 20
    assert tiles.first.locator(".tile-name").inner_text() == photos[0].name
    reads(page, "#summary", "20 of 20 photos answered")
    assert "%" in tiles.first.locator(".guess-share").first.inner_text()
    widths = [bar.bounding_box()["width"] for bar in tiles.first.locator(".bar-fill").all()]
    assert widths == sorted(widths, reverse=True)


def test_a_hundred_photos_go_in_several_requests(page: Any, photos: list[Path]) -> None:
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    drop(page, photos * 5)
    wait_for(page, 100, "answered", 120)
    assert len(sent) == 4


def test_photos_that_come_before_the_models_are_known_wait_for_them(
    context: Any, stack: Stack, photos: list[Path]
) -> None:
    page, held = context.new_page(), []
    page.route("**/models", lambda route: held.append(route))
    with page.expect_request("**/models"):
        page.goto(stack.url)
    page.set_input_files("#files", photos[:2])
    drop(page, photos[2:3])
    assert page.locator(".tile").count() == 0
    held[0].continue_()
    wait_for(page, 3, "answered")


def test_a_pasted_photo_is_answered(page: Any, photos: list[Path]) -> None:
    paste(page, photos[0])
    wait_for(page, 1, "answered")


def test_a_sample_is_one_click(page: Any) -> None:
    page.get_by_role("button", name="Try ").first.click()
    wait_for(page, 1, "answered")


def test_an_unreadable_file_says_so_in_its_place(page: Any, photos: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "notes.jpg"
    text.write_text("no picture at all")
    page.set_input_files("#files", [photos[0], text, photos[1]])
    wait_for(page, 2, "answered")
    wait_for(page, 1, "failed")
    failed = page.locator(".tile[data-state=failed]")
    assert failed.locator(".tile-name").inner_text() == "notes.jpg"
    assert failed.locator(".failure-title").inner_text() == "Not an image"
    assert "JPEG" in failed.locator(".failure-detail").inner_text()
    reads(page, "#summary", "2 of 3 photos answered, 1 with an error")


def test_nothing_but_unreadable_files(page: Any, tmp_path: Path) -> None:
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    files[0].write_text("no picture")
    files[1].write_bytes(b"\xff\xd8\xff\xe0 cut off")
    page.set_input_files("#files", files)
    wait_for(page, 2, "failed")
    titles = page.locator(".failure-title").all_inner_texts()
    assert titles[0] == "Not an image"


def test_a_file_that_is_gone_does_not_hold_up_the_others(page: Any, photos: list[Path], tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.jpg" for number in range(12)]
    for file in files:
        file.write_bytes(photos[0].read_bytes())
    page.set_input_files("#files", files)
    wait_for(page, 12, "answered")
    files[4].unlink()
    page.locator(".choice:has(input[value=cifar100])").click()
    began = time.monotonic()
    page.get_by_role("button", name="Ask cifar100 instead").click()
    wait_for(page, 1, "failed")
    wait_for(page, 11, "answered")
    assert time.monotonic() - began < 15
    failed = page.locator(".tile[data-state=failed]")
    assert failed.locator(".tile-name").inner_text() == "4.jpg"
    assert failed.locator(".failure-title").inner_text() == "Unreadable file"


def test_another_model_can_be_asked_about_the_same_photos(page: Any, photos: list[Path]) -> None:
    names = page.locator("input[name=model]").evaluate_all("inputs => inputs.map((input) => input.value)")
    if len(names) < 2:
        pytest.skip("needs two models")
    drop(page, photos[:2])
    wait_for(page, 2, "answered")
    page.locator(f".choice:has(input[value={names[1]}])").click()
    assert page.locator("#about-title").inner_text() == f"About {names[1]}"
    with page.expect_request(f"**/{names[1]}"):
        page.get_by_role("button", name=f"Ask {names[1]} instead").click()
    wait_for(page, 2, "answered")
    assert f"model={names[1]}" in page.url


def test_the_page_says_who_works_and_what_waits(page: Any, stack: Stack) -> None:
    page.locator("#status-text", has_text="1 worker").wait_for()
    assert "0 images waiting" in page.locator("#status-text").inner_text()
    assert page.locator("#about-facts dt").count() == 6
    assert "Not for decisions about people." in page.locator("#limits").inner_text()
