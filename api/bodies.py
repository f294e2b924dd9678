"""The bodies of answers and requests, as typed models; OpenAPI is generated from them."""

from typing import Any

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from contract.jobs import Record, Status, iso


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Base64Image(Strict):
    data: str = Field(description="The file's bytes in base64.")
    name: str | None = Field(None, max_length=255)


class Submission(Strict):
    """Exactly one of the four."""

    key: str | None = Field(None, description="A file in the image folder.", examples=["truck.jpg"])
    keys: list[str] | None = Field(None, min_length=1, description="Several of them.")
    image: str | None = Field(None, description="One image, the file's bytes in base64.")
    images: list[Base64Image] | None = Field(None, min_length=1, description="Several images, each in base64.")


class PredictionBody(BaseModel):
    label: str
    probability: float = Field(ge=0, le=1)
    percentage: float = Field(description="The probability in percent, to four places.", examples=[99.9038])


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


def job_body(record: Record, *, results: bool = True) -> dict[str, Any]:
    """A record as JobBody's fields."""
    job = record.job
    body: dict[str, Any] = {
        "id": job.id,
        "status": record.status,
        "model": job.model,
        "version": record.version,
        "images": job.images,
        "done": record.done_images,
        "position": record.position,
        "submitted_at": iso(job.submitted_at),
        "started_at": iso(record.started_at),
        "finished_at": iso(record.finished_at),
        "links": {
            "self": f"/jobs/{job.id}",
            "cancel": f"/jobs/{job.id}/cancel",
            "events": f"/jobs/{job.id}/events",
        },
    }
    if results and record.status.settled:
        names = job.names or (None,) * job.images
        body["results"] = [result_body(name, result) for name, result in zip(names, record.results, strict=True)]
    return body


def result_body(name: str | None, result: Any) -> dict[str, Any]:
    if result is None:
        return {"name": name, "error": {"title": "Not run", "detail": "the job ended before this image was run"}}
    if result.error:
        return {"name": name, "error": {"title": result.error[0], "detail": result.error[1]}}
    predictions = [
        {"label": each.label, "probability": each.probability, "percentage": each.percentage}
        for each in result.predictions
    ]
    return {"name": name, "predictions": predictions}


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, mimetype="application/json")
