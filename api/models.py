"""GET /models: the cards."""

from dataclasses import asdict
from typing import Any

from flask import Response, send_from_directory
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field
from werkzeug.exceptions import NotFound

from api.bodies import answer
from api.context import context
from api.problems import Problem
from contract.card import Card

api = APIBlueprint("models", __name__, url_prefix="/models", abp_responses={404: Problem})
PICTURES = (".png", ".svg")


class ModelPath(BaseModel):
    name: str


class PicturePath(ModelPath):
    picture: str = Field(description="A picture of the model's folder, such as accuracy.png.")


class CardBody(BaseModel):
    name: str
    version: str
    labels: list[str]
    input: dict[str, int]
    files: dict[str, str]
    parameters: dict[str, int]
    metrics: dict[str, Any]
    training: dict[str, Any]
    pictures: list[str]
    links: dict[str, str]


class CardList(BaseModel):
    models: list[CardBody]


@api.get("", summary="The models that are served", responses={200: CardList})
def index() -> Response:
    return answer({"models": [card_body(card) for card in context().cards.values()]})


@api.get("/<string:name>", summary="A model's card", responses={200: CardBody})
def show(path: ModelPath) -> Response:
    return answer(card_body(context().cards[path.name]))


@api.get("/<string:name>/<string:picture>", summary="A picture of how a model was trained", responses={200: None})
def picture(path: PicturePath) -> Response:
    card = context().cards[path.name]
    if not path.picture.endswith(PICTURES):
        raise NotFound(f"{path.picture!r} is not a picture of {card.name}")
    return send_from_directory(context().cards.folder.resolve() / card.name, path.picture, max_age=3600)


def card_body(card: Card) -> dict[str, Any]:
    folder = context().cards.folder / card.name
    pictures = sorted(file.name for file in folder.iterdir() if file.suffix in PICTURES)
    links = {"self": f"/models/{card.name}", "submit": f"/{card.name}"}
    return {**asdict(card), "version": card.version, "pictures": pictures, "links": links}
