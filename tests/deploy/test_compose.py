"""docker-compose.yml, run as it stands but for Docker."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from contract.connection import connect
from contract.presence import present
from contract.settings import Settings
from tests.deploy.local import Local
from tests.stack import until

pytestmark = pytest.mark.live
JOBS = 64


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Redis, the API and two workers, each healthy by its own health check."""
    local = Local(tmp_path_factory.mktemp("compose"), KERASQ_ENGINE_THREADS="1")
    try:
        for service in ("redis", "api", "worker", "worker"):
            local.start(service)
            until(lambda service=service: local.healthy(service), f"{service} is healthy", 90)
        until(lambda: len(workers(local)) == 2, "two workers consume", 90)
        yield local
    finally:
        local.stop_all()
        print(local.log())


def workers(local: Local) -> list[Any]:
    return present(connect(Settings(redis_url=f"redis://127.0.0.1:{local.redis_port}/0")))


def ask(local: Local, path: str, body: Any = None, prefer: str = "") -> tuple[int, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{local.port}{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
        request.add_header("Prefer", prefer or "respond-async")
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.status, json.load(response)


def test_a_picture_is_classified(local: Local) -> None:
    status, job = ask(local, "/cifar10", {"key": "truck.jpg"}, "wait=20")
    assert (status, job["status"]) == (200, "succeeded")
    assert len(job["results"][0]["predictions"]) == 3


def test_both_workers_take_part(local: Local) -> None:
    assert ask(local, "/readyz")[1]["models"]["cifar10"] == 2
    jobs = [ask(local, "/cifar10", {"key": "truck.jpg"})[1]["id"] for _ in range(JOBS)]
    until(lambda: all(ask(local, f"/jobs/{job}")[1]["status"] == "succeeded" for job in jobs), "all jobs are done")
    until(lambda: all(worker.images > 0 for worker in workers(local)), "both workers have classified", 10)


def test_only_volumes_and_tmp_are_written(local: Local) -> None:
    """The containers' file systems are read-only, so nothing may be written where the processes were started."""
    assert not list((local.folder / "app").iterdir())
    assert any((local.folder / "data" / "appendonlydir").iterdir())


def test_all_end_well_when_told_to_stop(local: Local) -> None:
    assert local.stop("api") == [0]
    assert local.stop("worker") == [0, 0]
    assert local.stop("redis") == [0]


def test_what_was_answered_survives_a_restart(local: Local) -> None:
    """The volume is all that Redis needs: a new container on it knows the jobs of the old one."""
    local.start("redis")
    until(lambda: local.healthy("redis"), "redis is healthy again")
    client = connect(Settings(redis_url=f"redis://127.0.0.1:{local.redis_port}/0"))
    assert len(list(client.scan_iter("kerasq:job:*"))) >= JOBS
