"""A LitAPI with batching, in one worker."""

import os
from typing import Annotated, Any

import litserve
import numpy as np
from classifier import Classifier, decode
from fastapi import Body

RawBody = Annotated[bytes, Body(media_type="image/png")]


class API(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.classifier = Classifier()

    def decode_request(self, request: RawBody) -> np.ndarray:
        return decode(request)

    def predict(self, batch: np.ndarray) -> list[dict[str, Any]]:
        return self.classifier(batch)


if __name__ == "__main__":
    api = API(max_batch_size=64, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        generate_client_file=False,
        timeout_keep_alive=75,
    )
