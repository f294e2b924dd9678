"""One worker with dynamic batching behind Mosec's server in Rust."""

from typing import Any

import numpy as np
from classifier import Classifier, decode
from mosec import Server, Worker


class Inference(Worker):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = Classifier()

    def deserialize(self, data: bytes) -> np.ndarray:
        return decode(data)

    def forward(self, data: list[np.ndarray]) -> list[dict[str, Any]]:
        return self.classifier(data)


if __name__ == "__main__":
    server = Server()
    server.append_worker(Inference, num=1, max_batch_size=64, max_wait_time=2)
    server.run()
