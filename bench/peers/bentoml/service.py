"""A service with adaptive batching, as an endpoint that waits and as one whose tasks are polled."""

from typing import Any

import bentoml
from bentoml import IODescriptor
from classifier import Classifier, decode
from starlette.requests import Request

BATCHING: dict[str, Any] = {"batchable": True, "max_batch_size": 64, "max_latency_ms": 10_000}


class Body(IODescriptor):
    """A request's body as a batch of one. Without it a batchable endpoint takes only JSON or a form."""

    images: list[bytes]

    @classmethod
    async def from_http_request(cls, request: Request, serde: Any) -> "Body":
        return cls(images=[await request.body()])


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Service:
    def __init__(self) -> None:
        self.classifier = Classifier()

    @bentoml.api(input_spec=Body, **BATCHING)
    def classify(self, images: list[bytes]) -> list[dict[str, Any]]:
        return self.classifier(map(decode, images))

    @bentoml.task(input_spec=Body, **BATCHING)
    def classify_later(self, images: list[bytes]) -> list[dict[str, Any]]:
        return self.classifier(map(decode, images))
