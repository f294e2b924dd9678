"""A curl command for an operation of an OpenAPI document."""

import json
import shlex
from typing import Any

#: What paths are filled with where the document gives no example.
FILLED = {"model": "cifar10", "job_id": "$JOB", "picture": "accuracy.png", "key": "truck.jpg"}


def example(base: str, path: str, method: str, spec: dict[str, Any]) -> str:
    """The command, on one line."""
    operation = spec["paths"][path][method]
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", _value(parameter))
    parts = ["curl", *_method(method, operation), *_streaming(operation)]
    media = operation.get("requestBody", {}).get("content", {})
    parts += _body(media) if media else []
    parts.append(_quoted(base.rstrip("/") + path))
    return " ".join(parts)


def _method(method: str, operation: dict[str, Any]) -> list[str]:
    if method == "get" or (method == "post" and operation.get("requestBody")):
        return []
    return [f"-X {method.upper()}"]


def _streaming(operation: dict[str, Any]) -> list[str]:
    streams = any("text/event-stream" in each.get("content", {}) for each in operation.get("responses", {}).values())
    return ["-N"] if streams else []


def _value(parameter: dict[str, Any]) -> str:
    schema = parameter.get("schema", {})
    given = parameter.get("example", next(iter(schema.get("examples", [])), None))
    return FILLED.get(parameter["name"]) or str(given or parameter["name"].upper())


def _body(media: dict[str, Any]) -> list[str]:
    if "application/json" in media:
        body = _example(media["application/json"])
        return ["--json", "@body.json" if body is None else shlex.quote(json.dumps(body))]
    if "multipart/form-data" in media:
        return ["-F file=@truck.jpg"]
    return ["--data-binary @truck.jpg", f"-H 'Content-Type: {next(iter(media))}'"]


def _example(content: dict[str, Any]) -> Any:
    """The document's own first example of a body; None where it gives none."""
    examples = content.get("examples", {})
    return content.get("example", next((each["value"] for each in examples.values()), None))


def _quoted(address: str) -> str:
    """In quotes that leave `$JOB` to the shell."""
    return f'"{address}"' if "$" in address else shlex.quote(address)
