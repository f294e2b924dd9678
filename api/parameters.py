"""What paths, queries and headers carry, as typed models."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, get_type_hints

from flask import Response, abort, request
from pydantic import BaseModel, ValidationError
from werkzeug.routing import BaseConverter

from api.problems import invalid
from contract.card import RESERVED


class Parameters(BaseModel):
    """The base of all of them.

    flask-openapi3 4.3 asks for the schema anew with every request, and making it costs more than all the rest of
    reading the parameters: it is made once.
    """

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return _schema(cls, args, tuple(kwargs.items()))


@cache
def _schema(model: type[Parameters], args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    schema = super(Parameters, model).model_json_schema(*args, **dict(kwargs))
    for field in schema.get("properties", {}).values():
        _absent_is_not_null(field)
    return schema


def _absent_is_not_null(field: dict[str, Any]) -> None:
    """A parameter can be left out; it can never be null."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del field["anyOf"]
        field.update(kinds[0])
    if field.get("default", "") is None:
        del field["default"]


def quickly(route: Callable[..., Response]) -> Callable[..., Response]:
    """Read a route's `path`, `query` and `header` as flask-openapi3 does, in a fifth of the time.

    It takes every header of a request apart, and walks the schema of each model; for the routes that are called for
    every image that is as much as all the rest of Flask. The attribute is its own, from `validate_request`.
    """
    models = {name: model for name, model in get_type_hints(route).items() if name != "return"}
    headers = (
        [field.alias or name for name, field in models["header"].model_fields.items()] if "header" in models else []
    )

    @wraps(route)
    def view(**path: Any) -> Response:
        sent = {name: request.headers[name] for name in headers if name in request.headers}
        found = {"path": path, "query": request.args.to_dict(), "header": sent}
        try:
            read = {name: model.model_validate(found[name]) for name, model in models.items()}
        except ValidationError as error:
            abort(invalid(error))
        return route(**read)

    view.__delay_validate_request__ = True  # type: ignore[attr-defined]
    return view


class ModelName(BaseConverter):
    """One part of a path that is not a name which the API keeps for itself, so that `POST /jobs` is no model."""

    regex = f"(?!(?:{'|'.join(sorted(RESERVED))})$)[^/]+"
