"""Every error as RFC 9457 `application/problem+json`, through one handler."""

from typing import Any

import orjson
from flask import Flask, Response, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from contract.errors import KerasqError

MIMETYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Names the kind of problem.", examples=["/docs/problems#unknown-job"])
    title: str = Field(description="The kind of problem, for people.", examples=["Unknown job"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What is wrong here, and the rule.")
    instance: str = Field(description="The path that was asked for.")


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    kind = "/docs/problems#" + title.lower().replace(" ", "-")
    body = {"type": kind, "title": title, "status": status, "detail": detail, "instance": request.path, **more}
    return Response(orjson.dumps(body), status, headers, content_type=MIMETYPE)


def _kerasq(error: KerasqError) -> Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return problem(error.status, error.title, str(error), headers, **getattr(error, "extensions", {}))


def _http(error: HTTPException) -> Response:
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return problem(error.code or 500, error.name.capitalize(), error.description or "", headers)


def _unforeseen(error: Exception) -> Response:
    from flask import current_app

    current_app.logger.exception("unforeseen", exc_info=error)
    return problem(500, KerasqError.title, "Something went wrong here that is not your doing; it has been logged.")


def invalid(error: ValidationError) -> Response:
    """The answer when a path, query or body does not fit its model."""
    first = error.errors(include_url=False, include_input=True)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    return problem(422, "Invalid request", f"{where}: {first['msg']}, found {first['input']!r}"[:500])


def register(app: Flask) -> None:
    app.register_error_handler(KerasqError, _kerasq)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
