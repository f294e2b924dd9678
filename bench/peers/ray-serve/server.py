"""A deployment of one replica with dynamic request batching."""

import asyncio
import os
import signal
from typing import Any

import ray
from classifier import Classifier, decode
from ray import serve
from starlette.requests import Request


# The default of 5 requests at once would leave nothing to batch.
@serve.deployment(max_ongoing_requests=1000, logging_config={"enable_access_log": False})
class Deployment:
    def __init__(self) -> None:
        self.classifier = Classifier()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.002)
    async def classify(self, images: list[bytes]) -> list[dict[str, Any]]:
        return await asyncio.to_thread(lambda: self.classifier(map(decode, images)))

    async def __call__(self, request: Request) -> dict[str, Any]:
        return await self.classify(await request.body())


if __name__ == "__main__":
    # One CPU, as Ray counts them, is enough for the replica; more would only start workers that idle.
    ray.init(num_cpus=1, include_dashboard=False, _node_ip_address="127.0.0.1")
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])},
        logging_config={"enable_access_log": False},
    )
    serve.run(Deployment.bind())
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    ray.shutdown()
