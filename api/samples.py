"""GET /samples: the pictures of the image folder, to try a model on."""

import mimetypes
from pathlib import Path
from urllib.parse import quote

from flask import Response, request
from pydantic import Field

from api.bodies import SampleList, answer
from api.context import context
from api.headers import guarded
from api.parameters import Parameters
from api.problems import Problem
from api.routes import Routes
from contract.errors import UnknownKey
from contract.images import SUFFIXES, open_key

api = Routes("samples", __name__, url_prefix="/samples")
api.after_request(guarded)


class SamplePath(Parameters):
    key: str = Field(description="A picture's file name, such as truck.jpg.")


@api.get("", summary="The pictures of the image folder", responses={200: SampleList})
def index() -> Response:
    folder = context().settings.images_dir
    files = sorted(file for file in folder.iterdir() if _is_picture(file)) if folder.is_dir() else []
    return answer({"samples": [_sample(file) for file in files]})


@api.get("/<string:key>", summary="A picture of the image folder", responses={200: None, 404: Problem})
def show(path: SamplePath) -> Response:
    folder = context().settings.images_dir
    if Path(path.key).suffix.lower() not in SUFFIXES:
        raise UnknownKey(f"key {path.key!r} names no picture in {folder.name}/")
    kind = mimetypes.guess_type(path.key)[0] or "application/octet-stream"
    response = Response(open_key(folder, path.key), mimetype=kind, headers={"Cache-Control": "max-age=3600"})
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and file.is_file()


def _sample(file: Path) -> dict[str, object]:
    label = file.stem.replace("_", " ").replace("-", " ")
    return {"key": file.name, "label": label, "links": {"picture": f"/samples/{quote(file.name, safe='')}"}}
