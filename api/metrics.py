"""GET /metrics for Prometheus: what Redis knows, so that every API process tells the same."""

from collections.abc import Iterator

from flask import Response
from flask_openapi3 import Tag
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from api.context import Context, context
from api.openapi import refusals, stream
from api.routes import Routes
from contract.errors import QueueUnavailable
from contract.presence import present, serving

api = Routes("metrics", __name__, abp_tags=[Tag(name="health")])


class Flow:
    """Collects, when asked, how many images came and went, and who works."""

    def __init__(self, here: Context) -> None:
        self._here = here

    def collect(self) -> Iterator[Metric]:
        submitted = CounterMetricFamily("kerasq_images_submitted", "Images ever queued.", labels=["model"])
        settled = CounterMetricFamily("kerasq_images_settled", "Images answered or dropped.", labels=["model"])
        waiting = GaugeMetricFamily("kerasq_images_waiting", "Images without an answer yet.", labels=["model"])
        workers = GaugeMetricFamily("kerasq_workers", "Workers that consume.", labels=["model"])
        answered = CounterMetricFamily(
            "kerasq_worker_images", "Images that a worker has answered.", labels=["worker", "engine"]
        )
        started = GaugeMetricFamily(
            "kerasq_worker_start_time_seconds", "When a worker began, since the epoch.", labels=["worker"]
        )
        present_now = present(self._here.store.redis)
        served = serving(present_now)
        for model in self._here.cards:
            came, went = self._here.store.flow(model)
            submitted.add_metric([model], came)
            settled.add_metric([model], went)
            waiting.add_metric([model], max(0, came - went))
            workers.add_metric([model], served[model])
        for worker in present_now:
            answered.add_metric([worker.worker, worker.engine], worker.images)
            started.add_metric([worker.worker], worker.started_at)
        yield from (submitted, settled, waiting, workers, answered, started)


@api.get(
    "/metrics",
    operation_id="metrics",
    summary="Figures for Prometheus",
    responses={200: stream("The figures.", "text/plain"), **refusals(QueueUnavailable)},
)
def metrics() -> Response:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Flow(context()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
