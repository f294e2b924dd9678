"""The bodies of answers and requests, as typed models; OpenAPI is generated from them."""

from typing import Annotated, Any

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from contract.jobs import Record, Status
from contract.plain import plain

BASE64: JsonDict = {"contentEncoding": "base64"}
Key = Annotated[str, Field(min_length=1, max_length=1024)]


def _exactly_one(schema: dict[str, Any]) -> None:
    """What a validator checks, said in JSON Schema: one field is there, and none is null."""
    for field in schema["properties"].values():
        field.pop("default", None)
        kinds = [kind for kind in field.pop("anyOf", ()) if kind != {"type": "null"}]
        field.update(*kinds)
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Base64Image(Strict):
    data: str = Field(min_length=1, description="The file's bytes in base64.", json_schema_extra=BASE64)
    name: str = Field("", max_length=255, description="Comes back beside the answer.")


class Submission(Strict):
    """Exactly one of the four."""

    model_config = ConfigDict(json_schema_extra=_exactly_one)

    key: Key | None = Field(None, description="A file in the image folder.", examples=["truck.jpg"])
    keys: list[Key] | None = Field(
        None, min_length=1, fail_fast=True, description="Several of them.", examples=[["truck.jpg"]]
    )
    image: str | None = Field(
        None, min_length=1, description="One image, the file's bytes in base64.", json_schema_extra=BASE64
    )
    images: list[Base64Image] | None = Field(
        None, min_length=1, fail_fast=True, description="Several images, each in base64."
    )

    @model_validator(mode="after")
    def _one(self) -> "Submission":
        given = sorted(self.model_fields_set)
        if len(given) != 1 or getattr(self, given[0]) is None:
            raise PydanticCustomError("one_of", "send exactly one of key, keys, image and images", {"given": given})
        return self


class PredictionBody(BaseModel):
    label: str
    probability: float = Field(ge=0, le=1)
    percentage: float = Field(description="The probability in percent, to four places.", examples=[99.3952])


class ErrorBody(BaseModel):
    title: str
    detail: str


class ResultBody(BaseModel):
    """The answer for one image: predictions, best first, or an error."""

    name: str | None = None
    predictions: list[PredictionBody] | None = None
    error: ErrorBody | None = None


class JobBody(BaseModel):
    id: str
    status: Status
    model: str
    version: str | None = Field(description="The sha256 of the weights that answered.")
    images: int
    done: int = Field(description="Images that have their answer.")
    position: int | None = Field(description="Images that wait for the same model up to and with this job's.")
    submitted_at: str
    started_at: str | None
    finished_at: str | None
    results: list[ResultBody] | None = Field(None, description="An entry per image, in order, once the job has ended.")
    links: dict[str, str]


class JobPage(BaseModel):
    jobs: list[JobBody]
    next: str | None = Field(description="The `page` token of the next page; null on the last.")


class CardBody(BaseModel):
    name: str
    version: str = Field(description="The weights' sha256.")
    labels: list[str]
    input: dict[str, int]
    files: dict[str, str] = Field(description="Each file's sha256.")
    parameters: dict[str, int]
    metrics: dict[str, Any]
    training: dict[str, Any]
    limits: str = Field(description="What it is for, and what not; empty where its card does not say.")
    pictures: list[str]
    links: dict[str, str]


class CardList(BaseModel):
    models: list[CardBody]


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    ready: bool
    redis: bool
    models: dict[str, int] = Field(description="How many workers consume each model's queue.")
    missing: list[str] = Field(description="The models whose queue nobody consumes.")


class QueueBody(BaseModel):
    model: str
    waiting: int = Field(description="Images without an answer yet; those taken back count until a worker drops them.")
    workers: int = Field(description="Workers that serve the model now.")


class QueueList(BaseModel):
    queues: list[QueueBody]


class SampleBody(BaseModel):
    key: str = Field(description='What `{"key": ...}` names it by.', examples=["truck.jpg"])
    label: str = Field(description="What it shows, going by its name.", examples=["truck"])
    links: dict[str, str]


class SampleList(BaseModel):
    samples: list[SampleBody]


def job_body(record: Record, *, results: bool = True) -> dict[str, Any]:
    """A record as JobBody's fields."""
    here = f"/jobs/{record.job.id}"
    links = {"self": here, "cancel": f"{here}/cancel", "events": f"{here}/events"}
    return {**plain(record, results=results), "links": links}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, mimetype="application/json")
