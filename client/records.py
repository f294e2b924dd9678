"""What the API answers, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract.card import Card, Input
from contract.jobs import NOT_RUN, Prediction, Result, Status


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as the API tells of it. `results` and `names` have an entry per image, in order, once it has ended."""

    id: str
    status: Status
    model: str
    #: The sha256 of the weights that answered; None before the first answer.
    version: str | None
    images: int
    #: Images that have their answer.
    done: int
    #: Images that wait for the same model up to and with this job's; None once it runs.
    position: int | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: None in an image's place: the job ended before it was run.
    results: tuple[Result | None, ...] = ()
    names: tuple[str | None, ...] = ()

    @property
    def settled(self) -> bool:
        return self.status.settled


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A model's images without an answer, and the workers that serve it now."""

    model: str
    waiting: int
    workers: int


def read_job(body: Mapping[str, Any]) -> Job:
    """Raises KeyError, TypeError or ValueError for what is no job."""
    entries = body.get("results") or ()
    return Job(
        status=Status(body["status"]),
        submitted_at=datetime.fromisoformat(body["submitted_at"]),
        started_at=_time(body["started_at"]),
        finished_at=_time(body["finished_at"]),
        results=tuple(map(_result, entries)),
        names=tuple(each["name"] for each in entries),
        **{name: body[name] for name in ("id", "model", "version", "images", "done", "position")},
    )


def read_card(body: Mapping[str, Any]) -> Card:
    """Raises KeyError or TypeError for what is no card."""
    plain = {name: body[name] for name in ("name", "files", "parameters", "metrics", "training", "limits")}
    return Card(labels=tuple(body["labels"]), input=Input(**body["input"]), **plain)


def read_cards(body: Mapping[str, Any]) -> dict[str, Card]:
    """Raises KeyError or TypeError for what are no cards."""
    return {each["name"]: read_card(each) for each in body["models"]}


def read_queues(body: Mapping[str, Any]) -> dict[str, Queue]:
    """Raises KeyError or TypeError for what are no queues."""
    names = ("model", "waiting", "workers")
    return {each["model"]: Queue(**{name: each[name] for name in names}) for each in body["queues"]}


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _result(entry: Mapping[str, Any]) -> Result | None:
    if "error" not in entry:
        guesses = (Prediction(label=each["label"], probability=each["probability"]) for each in entry["predictions"])
        return Result(predictions=tuple(guesses))
    title, detail = entry["error"]["title"], entry["error"]["detail"]
    return None if title == NOT_RUN else Result(error=(title, detail))
