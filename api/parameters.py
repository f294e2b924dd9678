"""What paths, queries and headers carry, as typed models."""

from functools import cache
from typing import Any

from pydantic import BaseModel
from werkzeug.routing import BaseConverter

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


class ModelName(BaseConverter):
    """One part of a path that is not a name which the API keeps for itself, so that `POST /jobs` is no model."""

    regex = f"(?!(?:{'|'.join(sorted(RESERVED))})$)[^/]+"
