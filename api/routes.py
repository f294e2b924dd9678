"""Blueprints whose routes take typed parameters."""

from functools import lru_cache, wraps
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, ValidationError

from api.problems import misfit
from contract.errors import InvalidRequest

Model = type[BaseModel] | None


@lru_cache(maxsize=128)
def _read(model: type[BaseModel], sent: tuple[tuple[str, str], ...]) -> BaseModel:
    """What was sent, as the model; for a busy client the same one time after time. Raises ValidationError."""
    return model.model_validate(dict(sent))


class Routes(APIBlueprint):
    """A blueprint whose routes take `path`, `query` and `header`, each a model; one that does not fit is a 422.

    flask-openapi3 4.3 reads them, too, but takes every header of a request apart for it and walks the schema of each
    model; for the routes that are called for every image that is as much as all the rest of Flask, and five times what
    this takes.
    """

    @staticmethod
    def create_view_func(
        func: Any, header: Model, cookie: Any, path: Model, query: Model, *others: Any, **options: Any
    ) -> Any:
        models = {name: model for name, model in (("path", path), ("query", query), ("header", header)) if model}
        headers = [field.alias or name for name, field in header.model_fields.items()] if header else []
        variables = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in headers}  # PEP 3333

        @wraps(func)
        def view(**parts: Any) -> ResponseReturnValue:
            environ = request.environ
            sent = ((name, environ[variable]) for name, variable in variables.items() if variable in environ)
            found = {"path": parts.items(), "query": request.args.items(), "header": sent}
            try:
                read = {name: _read(model, tuple(found[name])) for name, model in models.items()}
            except ValidationError as error:
                raise InvalidRequest(misfit(error)) from None
            return func(**read)

        return view
