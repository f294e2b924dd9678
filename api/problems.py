"""Every error as RFC 9457 `application/problem+json`, through one handler."""

import logging
import reprlib
import time
from typing import Any
from urllib.parse import quote

import orjson
from flask import Flask, Response, current_app, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from api.context import context
from api.keys import CHALLENGE
from api.received import hear_out
from contract.card import RESERVED
from contract.errors import (
    BadSetting,
    KerasqError,
    MethodNotAllowed,
    NotFound,
    QueueUnavailable,
    TooLarge,
    Unauthorized,
    slug,
)

MIMETYPE = "application/problem+json"
#: What may stand in a URL's path as it is (RFC 3986, 3.3), beside letters and digits.
PATH = "/-._~!$&'()*+,;=:@"
#: Misfits of one body that are looked at one by one.
MANY = 100
#: Seconds between two lines in the log about a Redis that is away.
EVERY = 10.0
log = logging.getLogger("kerasq.api")
_logged_at = -EVERY
_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 200


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Names the kind of problem.", examples=["/docs/problems#unknown-job"])
    title: str = Field(description="The kind of problem, for people.", examples=["Unknown job"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="What is wrong here, and the rule.", examples=["no job has the id 'x'"])
    instance: str = Field(description="The path that was asked for.", examples=["/jobs/x"])


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    kind = f"/docs/problems#{slug(title)}"
    body = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.path, PATH),
        **more,
    }
    if request.path.startswith("/v2"):  # the Open Inference Protocol's own word for it
        body["error"] = detail
    return Response(orjson.dumps(body), status, headers, content_type=MIMETYPE)


def of(error: KerasqError) -> Response:
    if isinstance(error, BadSetting):
        error = unserved(error)
    headers = {}
    if error.retry_after:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = CHALLENGE
    detail = str(error)
    if isinstance(error, QueueUnavailable):
        _log_now_and_then(error)
        detail = str(error.args[0])
    more = {"errors": [{"title": title, "detail": said} for title, said in error.errors]} if error.errors else {}
    return problem(error.status, error.title, detail, headers, **more)


def unserved(error: BadSetting) -> QueueUnavailable:
    """What a setting that shows to be wrong while this runs is to a client: the operator can set it right."""
    return QueueUnavailable("Redis does not serve this API", error)


def _log_now_and_then(error: QueueUnavailable) -> None:
    """Say why, which the answer does not, but not once a request."""
    global _logged_at
    if time.monotonic() - _logged_at > EVERY:
        _logged_at = time.monotonic()
        log.warning("%s", error)


def _http(error: HTTPException) -> Response:
    if error.code == TooLarge.status:  # werkzeug stops reading there; its own words do not name the limit
        limit = current_app.config["MAX_CONTENT_LENGTH"]
        hear_out(request, 4 * limit)
        return of(TooLarge(f"the body is larger than {limit:,} bytes"))
    if error.code == NotFound.status or _could_only_be_a_model(error):
        without = "; addresses here have no slash at their end" if request.path.endswith("/") else ""
        return of(NotFound(f"there is nothing at {request.path}{without}"))
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return problem(error.code or 500, error.name.capitalize(), error.description or "", headers)


def _could_only_be_a_model(error: HTTPException) -> bool:
    """Whether the address is there for another method only because every name could be a model's, and none has it."""
    return error.code == MethodNotAllowed.status and request.routing_exception is error and _is_no_model(request.path)


def _is_no_model(path: str) -> bool:
    name = path.removeprefix("/")
    return "/" not in name and name not in RESERVED and name not in context().cards


def _unforeseen(error: Exception) -> Response:
    current_app.logger.exception("unforeseen", exc_info=error)
    return problem(500, KerasqError.title, "Something went wrong here that is not your doing; it has been logged.")


def is_no_json(error: ValidationError) -> bool:
    """Whether a model does not fit because what it was to be read from is not JSON at all."""
    return error.error_count() == 1 and error.errors(include_input=False)[0]["type"] == "json_invalid"


def misfit(error: ValidationError) -> str:
    """Where a model does not fit, why, and what was found instead; of several places, the first."""
    if error.error_count() > MANY:  # listing them would take a hundred times the body's memory
        return f"the body: {error.error_count():,} fields or values do not fit"
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the body"
    found = first["input"]
    words = orjson.dumps(found).decode() if found is None or isinstance(found, bool) else _brief.repr(found)
    return f"{where}: {first['msg']}, found {words}"


def register(app: Flask) -> None:
    app.register_error_handler(KerasqError, of)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
