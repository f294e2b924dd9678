"""The web page."""

from pathlib import Path

from flask import Response, send_from_directory

from api.headers import guarded
from api.parameters import Parameters
from api.routes import Routes

api = Routes("page", __name__)
api.after_request(guarded)
STATIC = Path(__file__).parent / "static"


class StaticPath(Parameters):
    file: str


@api.get("/", doc_ui=False)
def page() -> Response:
    return send_from_directory(STATIC, "index.html")


@api.get("/static/<string:file>", doc_ui=False)
def static(path: StaticPath) -> Response:
    return send_from_directory(STATIC, path.file)


@api.get("/favicon.ico", doc_ui=False)
def icon() -> Response:
    return send_from_directory(STATIC, "icon.svg")
