"""The documentation pages say what the API does."""

from typing import Any

import pytest

from tests.stack import Stack

pytestmark = pytest.mark.browser


def test_every_operation_is_shown_with_a_command(context: Any, stack: Stack) -> None:
    page = context.new_page()
    page.goto(f"{stack.url}/docs")
    spec = page.evaluate("fetch('/openapi.json').then((response) => response.json())")
    assert spec["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in spec["paths"].items() for method in methods}
    shown = page.locator(".operation h2").all_inner_texts()
    assert {tuple(each.split()) for each in shown} == described
    assert all(text.startswith("curl ") for text in page.locator("pre").all_inner_texts())
    assert page.locator("pre").count() == len(described)


def test_no_link_within_the_docs_is_dead(context: Any, stack: Stack) -> None:
    page = context.new_page()
    for address in ("/docs", "/docs/problems"):
        page.goto(stack.url + address)
        dead = page.evaluate(
            """[...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href").slice(1))
               .filter((id) => !document.getElementById(id))"""
        )
        assert dead == []


def test_a_problem_points_to_its_explanation(context: Any, stack: Stack) -> None:
    page = context.new_page()
    page.goto(f"{stack.url}/docs/problems")
    for path in ("/jobs/nonsense", "/models/nonsense", "/samples/nonsense.jpg", "/nowhere/at/all"):
        problem = page.evaluate("(path) => fetch(path).then((response) => response.json())", path)
        anchor = problem["type"].partition("#")[2]
        assert page.locator(f"[id='{anchor}']").count() == 1, problem["type"]
