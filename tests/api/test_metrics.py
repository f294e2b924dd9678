"""GET /metrics."""

from contract.presence import Presence, announce
from tests.api.conftest import picture


def figures(api) -> dict[str, float]:
    lines = api.get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_it_tells_what_waits_and_who_works(api):
    api.post("/shapes", data=picture(), content_type="image/png")
    api.line.answers = False
    api.post("/shapes", data=picture(), content_type="image/png")
    worker = Presence(worker="host:7", models={"shapes": "v"}, engine="openvino float32", started_at=5.0, images=9)
    announce(api.store.redis, worker)
    found = figures(api)
    assert found['kerasq_images_submitted_total{model="shapes"}'] == 2
    assert found['kerasq_images_settled_total{model="shapes"}'] == 1
    assert found['kerasq_images_waiting{model="shapes"}'] == 1
    assert found['kerasq_workers{model="shapes"}'] == 1
    assert found['kerasq_worker_images_total{engine="openvino float32",worker="host:7"}'] == 9
    assert found['kerasq_worker_start_time_seconds{worker="host:7"}'] == 5
