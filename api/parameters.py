"""What paths, queries and headers carry, as typed models."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from werkzeug.routing import BaseConverter

from contract.card import RESERVED


class Parameters(BaseModel):
    """The base of all of them; frozen, because requests that send the same share one."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        schema = super().model_json_schema(*args, **kwargs)
        for field in schema.get("properties", {}).values():
            _absent_is_not_null(field)
        return schema


class ModelPath(Parameters):
    model: str = Field(description="A model's name.", json_schema_extra={"example": "cifar10"})


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
