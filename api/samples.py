"""GET /samples: the pictures of the image folder, to try a model on."""

import mimetypes
from pathlib import Path
from urllib.parse import quote

from flask import Response, request
from flask_openapi3 import Tag
from pydantic import Field

from api.bodies import SampleList, answer
from api.context import context
from api.headers import guarded
from api.openapi import body, refusals, stream
from api.parameters import Parameters
from api.routes import Routes
from contract.errors import UnknownKey
from contract.images import SUFFIXES, is_picture, open_key

TAG = Tag(name="samples", description="Pictures to try a model on.")
api = Routes("samples", __name__, url_prefix="/samples", abp_tags=[TAG])
api.after_request(guarded)


class SamplePath(Parameters):
    key: str = Field(description="A picture's file name, such as truck.jpg.")


@api.get(
    "",
    operation_id="samples",
    summary="The pictures of the image folder",
    responses={200: body(SampleList, "What there is.")},
)
def index() -> Response:
    folder = context().settings.images_dir
    files = sorted(file for file in folder.iterdir() if is_picture(file)) if folder.is_dir() else []
    return answer({"samples": [_sample(file) for file in files]})


@api.get(
    "/<string:key>",
    operation_id="sample",
    summary="A picture of the image folder",
    responses={200: stream("The picture.", "image/*"), **refusals(UnknownKey)},
)
def show(path: SamplePath) -> Response:
    folder = context().settings.images_dir
    if Path(path.key).suffix.lower() not in SUFFIXES:
        raise UnknownKey(f"key {path.key!r} names no picture in {folder.name}/")
    kind = mimetypes.guess_type(path.key)[0] or "application/octet-stream"
    response = Response(open_key(folder, path.key), mimetype=kind, headers={"Cache-Control": "max-age=3600"})
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]


def _sample(file: Path) -> dict[str, object]:
    label = file.stem.replace("_", " ").replace("-", " ")
    return {"key": file.name, "label": label, "links": {"picture": f"/samples/{quote(file.name, safe='')}"}}
