"""The web page."""

from pathlib import Path

from flask import Response, send_from_directory
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel

api = APIBlueprint("page", __name__)
STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class StaticPath(BaseModel):
    file: str


@api.get("/", doc_ui=False)
def page() -> Response:
    return static(StaticPath(file="index.html"))


@api.get("/static/<string:file>", doc_ui=False)
def static(path: StaticPath) -> Response:
    response = send_from_directory(STATIC, path.file)
    response.headers.update(
        {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
    )
    return response
