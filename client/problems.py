"""Answers that are errors -> the classes that the API raised them from."""

import json
from collections.abc import Mapping
from email.message import Message
from typing import Any

from contract import errors
from contract.errors import KerasqError, QueueUnavailable, TooLarge, TooManyRequests


class Unreachable(QueueUnavailable):
    """The server does not answer."""

    retry_after: int | None = None  # type: ignore[assignment]  # nobody is there to say when


#: By title.
KINDS: dict[str, type[KerasqError]] = {
    each.title: each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, KerasqError)
}


def problem(url: str, status: int, reason: str, headers: Message, content: bytes) -> KerasqError:
    """The error of the problem's title, a KerasqError for a title that is not known here.

    It has the answer's `status`, `title` and `retry_after`, and in `errors` the title and detail of each image where
    the API says so. What is no problem at all came from something before the API, or from another server.
    """
    try:
        body = json.loads(content)
        error = KINDS.get(body["title"], KerasqError)(str(body["detail"]))
        error.title = body["title"]
        error.errors = _errors(body)
    except (ValueError, KeyError, TypeError):
        error = _stranger(status)(f"{url} answered {status} {reason}")
    error.status = status
    if (seconds := headers.get("Retry-After") or "").isdecimal():
        error.retry_after = int(seconds)
    return error


def _errors(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(each["title"], each["detail"]) for each in body.get("errors", ())]


def _stranger(status: int) -> type[KerasqError]:
    """What a proxy means that speaks for the API."""
    return {413: TooLarge, 429: TooManyRequests, 502: Unreachable, 503: Unreachable, 504: Unreachable}.get(
        status, KerasqError
    )
