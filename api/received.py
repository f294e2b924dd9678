"""A request's body: all of it, and its files in their order."""

from contextlib import suppress
from io import BytesIO
from typing import Any

from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from contract.errors import BadRequest, InvalidRequest, TooLarge, UnsupportedMediaType


def whole(request: Request) -> bytes:
    """Raises BadRequest for a body that breaks off or is framed wrongly, werkzeug's 413 for one over the limit, and
    UnsupportedMediaType for one that is packed.
    """
    if encoding := request.environ.get("HTTP_CONTENT_ENCODING"):
        raise UnsupportedMediaType(f"Content-Encoding {encoding!r} is not taken; send the body as it is")
    limit, announced = request.max_content_length or 0, request.content_length or 0
    if announced > limit:
        raise RequestEntityTooLarge
    try:
        # Straight from the server, which ends a body where the client said; werkzeug's streams cost four times as much.
        content = request.environ["wsgi.input"].read(limit + 1)
    except OSError:
        raise BadRequest("the body cannot be read: it breaks off") from None
    except ParseException as error:
        raise BadRequest(f"the body cannot be read: {error}") from None
    if len(content) > limit:
        raise RequestEntityTooLarge
    if announced > len(content):
        raise BadRequest(f"the body ends after {len(content):,} of the {announced:,} bytes that were announced")
    return content


def hear_out(request: Request, most: int) -> None:
    """Read what is still being sent, up to `most` bytes: many clients listen only once they have sent everything."""
    left = most if request.content_length is None else min(most, request.content_length)
    with suppress(OSError, ParseException):
        while left > 0 and (piece := request.environ["wsgi.input"].read(65536)):
            left -= len(piece)


def files(request: Request) -> list[FileStorage]:
    """The files of a multipart body, in order.

    Raises as `whole` does, BadRequest for no such body, TooLarge for too many parts, InvalidRequest for another part.
    """
    content = whole(request)
    boundary = request.mimetype_params.get("boundary", "").encode()
    if not boundary:
        raise BadRequest("the Content-Type multipart/form-data lacks its boundary")
    # werkzeug's own dictionaries put the files of one field together.
    parser = MultiPartParser(
        max_form_memory_size=request.max_form_memory_size,
        max_form_parts=request.max_form_parts,
        cls=list,  # type: ignore[arg-type]
    )
    try:
        parsed: Any = parser.parse(BytesIO(content), boundary, len(content))
    except ValueError as error:
        raise BadRequest(f"the multipart body cannot be read: {error}") from None
    except RequestEntityTooLarge:
        most = (request.max_form_parts or 1) - 1
        raise TooLarge(f"the request has more than {most} images; at most so many are taken at once") from None
    fields, found = parsed
    if fields:
        raise InvalidRequest(f"the part {fields[0][0]!r} has no file name; every part is to be an image's file")
    return [file for _, file in found]


def demand_few(content: bytes, most: int) -> None:
    """Raise TooLarge for JSON of more than about `most` values: read, each would take many times its bytes."""
    if content.count(b",") > most:
        raise TooLarge(f"the body has more than {most:,} commas, and so more values than are taken at once")
