"""GET /docs: the API described for people, from the same document that /openapi.json serves to programs."""

from typing import Any

from flask import Response, current_app, render_template, request

from api import curl
from api.bodies import answer
from api.headers import guarded
from api.openapi import stream
from api.refusals import every
from api.routes import Routes
from contract.errors import KerasqError, slug

api = Routes("docs", __name__, url_prefix="/", template_folder="templates")
api.after_request(guarded)
#: What people look for comes first: paths by how they begin, all others after these.
ORDER = ("{model}", "jobs", "models", "queues", "samples")


@api.get(
    "/openapi.json",
    operation_id="openapi",
    summary="This API as OpenAPI 3.1",
    responses={200: stream("The document.", "application/json", schema={"type": "object"})},
)
def document() -> Response:
    return answer(_spec())


@api.get("/docs", doc_ui=False)
def docs() -> str:
    spec = _spec()
    operations = [
        {
            **operation,
            "method": method.upper(),
            "path": path,
            "curl": curl.example(request.host_url, path, method, spec),
        }
        for path, methods in sorted(spec["paths"].items(), key=lambda each: _rank(each[0]))
        for method, operation in methods.items()
    ]
    return render_template("docs.html", info=spec["info"], operations=operations, schemas=spec["components"]["schemas"])


@api.get("/docs/problems", doc_ui=False)
def problems() -> str:
    return render_template("problems.html", problems=[_told(each) for each in every()])


def _rank(path: str) -> int:
    first = path.split("/")[1]
    return ORDER.index(first) if first in ORDER else len(ORDER)


def _spec() -> dict[str, Any]:
    return current_app.api_doc  # type: ignore[attr-defined]


def _told(kind: type[KerasqError]) -> dict[str, Any]:
    return {
        "slug": slug(kind.title),
        "title": kind.title,
        "status": kind.status,
        "meaning": kind.__doc__ or "",
        "retry_after": kind.retry_after,
    }


@api.app_template_filter("kind")
def kind(schema: dict[str, Any]) -> str:
    """A schema's type in words, such as `array of string`."""
    if "$ref" in schema:
        return name(schema)
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return " or ".join(repr(each) for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"array of {kind(schema.get('items', {}))}"
    return "binary" if schema.get("format") == "binary" else str(schema.get("type", "anything"))


@api.app_template_filter("refs")
def refs(schema: dict[str, Any]) -> list[str]:
    """The names of the schemas that a schema points to by itself."""
    if "$ref" in schema:
        return [name(schema)]
    within = [*schema.get("anyOf", []), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])]
    return [each for part in within for each in refs(part)]


def name(schema: dict[str, Any]) -> str:
    return schema["$ref"].rsplit("/", 1)[-1]
