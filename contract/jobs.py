"""Job, Status and Prediction: what is known of the work on some images."""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

#: Most images in one message, and so in one chunk of a job.
CHUNK = 256
#: Predictions for each image where nobody says how many; all of a model that has fewer classes.
TOP = 3


class Status(StrEnum):
    """Where a job stands. Derived from its facts, never stored."""

    #: No worker has begun.
    QUEUED = "queued"
    #: A worker has begun.
    RUNNING = "running"
    #: Every image has its answer, at least one of them predictions.
    SUCCEEDED = "succeeded"
    #: Every image failed.
    FAILED = "failed"
    #: A client took it back before it ended.
    CANCELLED = "cancelled"
    #: It had not ended when its time was over.
    EXPIRED = "expired"

    @property
    def settled(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    label: str
    probability: float

    @property
    def percentage(self) -> float:
        """The probability in percent, to four places, as the original printed it."""
        return round(self.probability * 100, 4)


#: The title of the error that an image has whose job ended before it.
NOT_RUN = "Not run"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The answer for one image: its top-k predictions, best first, or an error's title and detail."""

    predictions: tuple[Prediction, ...] = ()
    error: tuple[str, str] | None = None


def unanswered(job_id: str, status: Status) -> Result:
    """The answer for an image that its job, which has ended, has none for."""
    how = {Status.CANCELLED: "was cancelled", Status.EXPIRED: "expired"}.get(status, "ended")
    return Result(error=(f"Job {status}", f"job {job_id} {how} before its answer came"))


@dataclass(frozen=True, kw_only=True)
class Job:
    """1..N images of one model. `names` has an entry per image, or is empty where the client keeps count itself.

    `refused` holds the images that were turned down at submission, by position, as (title, detail); they are not
    queued.
    """

    id: str = field(default_factory=lambda: new_id())
    model: str
    images: int
    top: int = TOP
    submitted_at: float = field(default_factory=time.time)
    names: tuple[str, ...] = ()
    refused: dict[int, tuple[str, str]] = field(default_factory=dict)
    bulk: bool = False
    callback_url: str | None = None

    @property
    def queued_images(self) -> int:
        return self.images - len(self.refused)

    @property
    def chunks(self) -> int:
        return -(-self.queued_images // CHUNK)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A job with all that has happened to it. Times are seconds since the epoch, UTC."""

    job: Job
    status: Status
    done_images: int
    #: Images that wait for the same model up to and with this job's, in the order in which workers take them; None once
    #: it runs.
    position: int | None
    started_at: float | None
    finished_at: float | None
    #: The weights' sha256 of the model that answered; None before the first answer.
    version: str | None
    #: An entry per image, in order; None where there is no answer yet.
    results: tuple[Result | None, ...]

    @classmethod
    def fresh(cls, job: Job) -> "Record":
        """The record of a job that was queued a moment ago."""
        return cls(
            job=job,
            status=Status.QUEUED,
            done_images=len(job.refused),
            position=None,
            started_at=None,
            finished_at=None,
            version=None,
            results=(None,) * job.images,
        )


def new_id(now: float | None = None) -> str:
    """An id: a UUID of version 7 (RFC 9562), so that those of jobs sort by time and tell their age.

    No id is older than the epoch, whatever `now` is.
    """
    millis = max(0, int((time.time() if now is None else now) * 1000))
    value = millis << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def born(job_id: str) -> float | None:
    """When the id was made, in seconds since the epoch; None if it is not a job id at all."""
    try:
        found = UUID(job_id)
    except ValueError:
        return None
    return (found.int >> 80) / 1000 if found.version == 7 and str(found) == job_id else None


def iso(seconds: float | None) -> str | None:
    """RFC 3339, UTC, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
