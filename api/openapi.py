"""How the API describes itself: OpenAPI 3.1, made from the models that read requests and shape answers."""

from collections import defaultdict
from typing import Any

from flask_openapi3 import OpenAPI
from flask_openapi3.types import ResponseDict, SecuritySchemesDict
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api import bodies, tensors
from api.problems import MIMETYPE, Problem
from contract.errors import KerasqError
from contract.images import FORMATS

REF = "#/components/schemas/"
#: Routes with this security ask for a key where there is one.
KEY: list[dict[str, list[Any]]] = [{"key": []}]
SECURITY_SCHEMES: SecuritySchemesDict = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, made by `kerasq keys add`; asked for once one exists.",
    }
}
READ = (bodies.Submission, tensors.InferRequest)
WRITTEN = (
    *(bodies.JobBody, bodies.JobPage, bodies.CardBody, bodies.CardList, bodies.Health, bodies.Readiness, Problem),
    *(bodies.QueueList, bodies.SampleList),
    *(tensors.ServerMetadata, tensors.ModelMetadata, tensors.Ready, tensors.Live, tensors.InferResponse),
)
HEADERS: dict[str, dict[str, Any]] = {
    "Location": {"description": "Where the job is.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer", "minimum": 1}},
    "Preference-Applied": {"description": "The preference that was honoured.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What is left, and for how long; where a rate is set.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The rate, where one is set.", "schema": {"type": "string"}},
}
#: Of an answer to what a rate limit let through.
RATE = ("RateLimit", "RateLimit-Policy")
#: Where a job's id leads: OpenAPI's links, for clients and fuzzers that follow them.
LINKS = {
    name: {"operationId": name, "parameters": {"job_id": "$response.body#/id"}}
    for name in ("job", "events", "cancel", "forget")
}
EVENT = {
    "type": "object",
    "description": "One server-sent event; its data is a job, and for `gone` an object with a detail.",
    "properties": {
        "event": {"enum": ["progress", "done", "gone"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
SUBMISSION = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": REF + "Submission"},
            "examples": {
                "key": {"summary": "A file in the image folder", "value": {"key": "truck.jpg"}},
                "keys": {"summary": "Several of them", "value": {"keys": ["truck.jpg", "frog.jpg"]}},
            },
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": _FILES},
                "required": ["file"],
                "additionalProperties": False,
            }
        },
        **{f"image/{kind.lower()}": _BINARY for kind in FORMATS},
        "application/octet-stream": _BINARY,
    },
}


def ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF + model.__name__}


def body(model: type[BaseModel], description: str, *headers: str) -> dict[str, Any]:
    """A response with a JSON body."""
    return {
        "description": description,
        "content": {"application/json": {"schema": ref(model)}},
        "headers": _named(headers),
    }


def stream(description: str, *kinds: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """A response whose body is not JSON."""
    return {"description": description, "content": {kind: {"schema": schema or {"type": "string"}} for kind in kinds}}


def refusals(*errors: type[KerasqError]) -> ResponseDict:
    """The responses of errors, by status; those of one status share it."""
    by_status: dict[int, list[type[KerasqError]]] = defaultdict(list)
    for error in errors:
        by_status[error.status].append(error)
    return {status: _refusal(status, kinds) for status, kinds in by_status.items()}


def _refusal(status: int, kinds: list[type[KerasqError]]) -> dict[str, Any]:
    headers = ["Retry-After"] if any(kind.retry_after for kind in kinds) else []
    return {
        "description": " ".join(f"{kind.title}: {(kind.__doc__ or '').splitlines()[0]}" for kind in kinds),
        "content": {MIMETYPE: {"schema": ref(Problem)}},
        "headers": _named([*headers, *(["WWW-Authenticate"] if status == 401 else [])]),
    }


def _named(headers: Any) -> dict[str, Any]:
    return {name: HEADERS[name] for name in headers}


def finish(app: OpenAPI, *, require_key: bool) -> None:
    """Complete the description that flask-openapi3 has collected.

    Its own schema class knows only some of JSON Schema's keywords and drops the others, so the schemas come from
    pydantic itself. It gives every operation a 422 that ours do not have.
    """
    spec = app.api_doc
    modes = [*((model, "validation") for model in READ), *((model, "serialization") for model in WRITTEN)]
    made = models_json_schema(modes, ref_template=REF + "{model}")[1]["$defs"]  # type: ignore[arg-type]
    spec["components"]["schemas"].update(made)
    for path in spec["paths"].values():
        for operation in path.values():
            _correct(operation["responses"])
            if "security" in operation and not require_key:
                operation["security"] = [{}, *operation["security"]]


def _correct(responses: dict[str, Any]) -> None:
    for status, response in list(responses.items()):
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("type") == "array" and status == "422":
            del responses[status]
