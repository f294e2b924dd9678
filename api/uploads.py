"""What a request carries: names and bytes of images, whichever way they come."""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Request
from pydantic import ValidationError

from api.bodies import Submission
from api.problems import is_no_json, misfit
from api.received import demand_few, files, whole
from contract.errors import BadRequest, InvalidRequest, KerasqError, NotAnImage, TooLarge, UnsupportedMediaType
from contract.images import open_key
from contract.settings import Settings

#: Most characters of a file's name that are kept.
NAME = 255
#: Commas that JSON may have for each image: two are needed, and its name may have some.
FIELDS = 64


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One image of a request: its bytes, or why there are none."""

    name: str | None
    content: bytes | KerasqError


def uploads(request: Request, settings: Settings) -> list[Upload]:
    """The images of a request, in order.

    Raises BadRequest for a body that is not understood, InvalidRequest for JSON of another shape, UnsupportedMediaType
    for a content type or encoding that is not taken, TooLarge for too many images.
    """
    found = []
    for upload in _each(request, settings):
        found.append(upload)
        if len(found) > settings.max_images:
            raise TooLarge(f"the request has more than {settings.max_images} images; at most so many are taken at once")
    if not found:
        raise BadRequest("the request has no image: send JSON with a key, an image body, or a multipart file")
    return found


def _each(request: Request, settings: Settings) -> Iterator[Upload]:
    kind = request.mimetype
    if kind == "application/json":
        content = whole(request)
        demand_few(content, FIELDS * (settings.max_images + 1))
        yield from _in_json(_submission(content), settings)
    elif kind == "multipart/form-data":
        for file in files(request):
            yield Upload(name=(file.filename or "")[-NAME:] or None, content=file.read())
    elif kind.startswith("image/") or kind == "application/octet-stream":
        yield Upload(name=None, content=whole(request))
    else:
        found = f"Content-Type {kind!r} is not taken" if kind else "the request has no Content-Type"
        raise UnsupportedMediaType(
            f"{found}; send application/json, image/*, application/octet-stream or multipart/form-data"
        )


def _submission(content: bytes) -> Submission:
    try:
        return Submission.model_validate_json(content)
    except ValidationError as error:
        if is_no_json(error):
            raise BadRequest('the body cannot be read as JSON; send an object such as {"key": "truck.jpg"}') from None
        raise InvalidRequest(f'{misfit(error)}; send an object such as {{"key": "truck.jpg"}}') from None


def _in_json(body: Submission, settings: Settings) -> Iterator[Upload]:
    for key in body.keys or ([body.key] if body.key is not None else []):
        yield Upload(name=key, content=_caught(open_key, settings.images_dir, key))
    if body.image is not None:
        yield Upload(name=None, content=_caught(_base64, body.image))
    for image in body.images or []:
        yield Upload(name=image.name, content=_caught(_base64, image.data))


def _caught(read: Callable[..., bytes], *arguments: Any) -> bytes | KerasqError:
    try:
        return read(*arguments)
    except KerasqError as error:
        return error


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotAnImage("the image is not base64") from None
