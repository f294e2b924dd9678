"""GET /models: the cards."""

from dataclasses import asdict
from typing import Any

from flask import Response, send_from_directory
from flask_openapi3 import Tag
from pydantic import Field

from api.bodies import CardBody, CardList, answer
from api.context import context
from api.headers import STILL
from api.openapi import body, refusals, stream
from api.parameters import ModelPath
from api.routes import Routes
from contract.card import Card
from contract.errors import NotFound, UnknownModel

TAG = Tag(name="models", description="What is served, and how good it is.")
api = Routes("models", __name__, url_prefix="/models", abp_tags=[TAG])
PICTURES = (".png", ".svg")


class PicturePath(ModelPath):
    picture: str = Field(description="A picture of the model's folder, such as accuracy.png.")


@api.get(
    "", operation_id="models", summary="The models that are served", responses={200: body(CardList, "Their cards.")}
)
def index() -> Response:
    return answer({"models": [card_body(card) for card in context().cards.values()]})


@api.get(
    "/<string:model>",
    operation_id="model",
    summary="A model's card",
    responses={200: body(CardBody, "The card."), **refusals(UnknownModel)},
)
def show(path: ModelPath) -> Response:
    return answer(card_body(context().cards[path.model]))


@api.get(
    "/<string:model>/<string:picture>",
    operation_id="model_picture",
    summary="A picture of how a model was trained",
    responses={200: stream("The picture.", "image/png", "image/svg+xml"), **refusals(UnknownModel, NotFound)},
)
def picture(path: PicturePath) -> Response:
    card = context().cards[path.model]
    if not path.picture.endswith(PICTURES):
        raise NotFound(f"{path.picture!r} is not a picture of {card.name}")
    response = send_from_directory(context().cards.folder.resolve() / card.name, path.picture, max_age=3600)
    response.headers.update(STILL)
    return response


def card_body(card: Card) -> dict[str, Any]:
    folder = context().cards.folder / card.name
    pictures = sorted(file.name for file in folder.glob("*") if file.suffix in PICTURES)
    links = {"self": f"/models/{card.name}", "submit": f"/{card.name}"}
    return {**asdict(card), "version": card.version, "pictures": pictures, "links": links}
