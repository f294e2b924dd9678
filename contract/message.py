"""What travels in one Celery message: up to a chunk's worth of images of one model, from one job or several."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgpack
import numpy as np

from contract.card import Input
from contract.jobs import CHUNK, Job


@dataclass(frozen=True, kw_only=True)
class Part:
    """One chunk of one job inside a message."""

    job_id: str
    chunk: int
    images: int
    top: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """`pixels` is uint8 (N, height, width, 3), the parts' images one after another."""

    model: str
    parts: tuple[Part, ...]
    pixels: np.ndarray

    def encode(self) -> bytes:
        parts = [[part.job_id, part.chunk, part.images, part.top] for part in self.parts]
        return msgpack.packb([self.model, parts, list(self.pixels.shape), np.ascontiguousarray(self.pixels).data])

    @classmethod
    def decode(cls, content: bytes) -> "Message":
        model, parts, shape, pixels = msgpack.unpackb(content)
        return cls(
            model=model,
            parts=tuple(Part(job_id=i, chunk=c, images=n, top=t) for i, c, n, t in parts),
            pixels=np.frombuffer(pixels, np.uint8).reshape(shape),
        )

    def fits(self, expected: Input) -> bool:
        return self.pixels.shape[1:] == expected.shape and len(self.pixels) == sum(part.images for part in self.parts)


def pack(jobs: Sequence[tuple[Job, np.ndarray]]) -> list[Message]:
    """Cut and group jobs of one model into messages of at most a chunk's worth of images, in order."""
    messages: list[Message] = []
    parts: list[Part] = []
    pixels: list[np.ndarray] = []

    def close() -> None:
        if parts:
            messages.append(Message(model=jobs[0][0].model, parts=tuple(parts), pixels=np.concatenate(pixels)))
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
