"""What a worker takes at once: up to a chunk's worth of images of one model, from one job or several."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from contract.jobs import CHUNK, Job, new_id

#: How the names of bulk's queues end; a model's name has no dot.
BULK = ".bulk"


def queue_name(model: str, *, bulk: bool) -> str:
    """The queue of a model's messages; a model's bulk waits until its other queue is empty."""
    return model + BULK if bulk else model


def is_bulk(queue: str) -> bool:
    return queue.endswith(BULK)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One chunk of one job inside a message."""

    job_id: str
    chunk: int
    images: int
    top: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """`pixels` is uint8 (N, height, width, channels), the parts' images one after another."""

    id: str = field(default_factory=new_id)
    model: str
    bulk: bool = False
    parts: tuple[Part, ...]
    pixels: np.ndarray

    @property
    def queue(self) -> str:
        return queue_name(self.model, bulk=self.bulk)

    def encode(self) -> bytes:
        """A line of JSON, whose parts a script in Redis reads, too, and the pixels."""
        parts = [[part.job_id, part.chunk, part.images, part.top] for part in self.parts]
        head = {"model": self.model, "bulk": self.bulk, "parts": parts, "shape": self.pixels.shape}
        return b"\n".join([json.dumps(head).encode(), np.ascontiguousarray(self.pixels).data])

    @classmethod
    def decode(cls, message_id: str, content: bytes) -> "Message":
        end = content.index(b"\n")
        head = json.loads(content[:end])
        return cls(
            id=message_id,
            model=head["model"],
            bulk=head["bulk"],
            parts=tuple(Part(job_id=i, chunk=c, images=n, top=t) for i, c, n, t in head["parts"]),
            pixels=np.frombuffer(content, np.uint8, offset=end + 1).reshape(head["shape"]),
        )


def pack(jobs: Sequence[tuple[Job, np.ndarray]]) -> list[Message]:
    """Cut and group jobs of one model and queue into messages of at most a chunk's worth of images, in order."""
    messages: list[Message] = []
    parts: list[Part] = []
    pixels: list[np.ndarray] = []

    def close() -> None:
        if parts:
            first = jobs[0][0]
            images = np.concatenate(pixels)
            # Of a lone chunk always the same: a submit whose reply was lost, tried again, adds nothing.
            name = f"{parts[0].job_id}:{parts[0].chunk}" if len(parts) == 1 else new_id()
            messages.append(Message(id=name, model=first.model, bulk=first.bulk, parts=tuple(parts), pixels=images))
            parts.clear()
            pixels.clear()

    for job, images in jobs:
        for chunk, first in enumerate(range(0, len(images), CHUNK)):
            piece = images[first : first + CHUNK]
            if sum(part.images for part in parts) + len(piece) > CHUNK:
                close()
            parts.append(Part(job_id=job.id, chunk=chunk, images=len(piece), top=job.top))
            pixels.append(piece)
    close()
    return messages
