"""What a worker takes at once: up to a chunk's worth of images of one model, from one job or several."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgpack
import numpy as np

from contract.jobs import CHUNK, Job, new_id


def queue_name(model: str, *, bulk: bool) -> str:
    """The queue of a model's messages; a model's bulk waits until its other queue is empty."""
    return f"{model}.bulk" if bulk else model


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
        parts = [[part.job_id, part.chunk, part.images, part.top] for part in self.parts]
        pixels = np.ascontiguousarray(self.pixels).data
        return msgpack.packb([self.model, self.bulk, parts, list(self.pixels.shape), pixels])

    @classmethod
    def decode(cls, message_id: str, content: bytes) -> "Message":
        model, bulk, parts, shape, pixels = msgpack.unpackb(content)
        return cls(
            id=message_id,
            model=model,
            bulk=bulk,
            parts=tuple(Part(job_id=i, chunk=c, images=n, top=t) for i, c, n, t in parts),
            pixels=np.frombuffer(pixels, np.uint8).reshape(shape),
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
            messages.append(Message(model=first.model, bulk=first.bulk, parts=tuple(parts), pixels=images))
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
