"""docs/api.md names every error, route and limit."""

import re

from api import gallery


def test_the_gallery_is_what_the_errors_say():
    page = gallery.PAGE.read_text()
    assert gallery.SECTION.search(page)[0] == gallery.section(), "run python -m api.gallery"


def test_every_route_is_documented_and_nothing_else(api):
    spec = api.get("/openapi.json").json
    routes = {f"{method.upper()} {path}" for path, methods in spec["paths"].items() for method in methods}
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)`", gallery.PAGE.read_text(), re.MULTILINE)) == routes
