"""The closed loop counts answers and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bench.load import Load, load
from bench.peer import Peer

PEER = Peer(name="here", folder=None, command=(), path="/classify")
POLLED = Peer(name="here", folder=None, command=(), path="/classify", poll="/jobs/{id}", interval=0.01)
Handler = Callable[[web.Request], Awaitable[web.Response]]
TRUCK = {"label": "truck"}


def loaded(peer: Peer, post: Handler, get: Handler | None = None, clients: int = 4) -> Load:
    """What `clients` get in 0.4 s of a server that runs in the same loop."""

    async def main() -> Load:
        app = web.Application()
        app.router.add_post("/classify", post)
        if get:
            app.router.add_get("/jobs/{id}", get)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return await load(url, peer, [b"a", b"b", b"c"], clients=clients, seconds=0.4, warmup=0.1)
        finally:
            await runner.cleanup()

    return asyncio.run(main())


def test_a_known_delay_is_the_latency() -> None:
    most = now = 0

    async def post(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(now, most)
        await asyncio.sleep(0.05)
        now -= 1
        return web.json_response(TRUCK)

    found = loaded(PEER, post)
    assert most == found.clients == 4
    assert found.errors == 0
    assert found.median_ms and found.p95_ms and found.p99_ms
    assert 50 <= found.median_ms <= found.p95_ms <= found.p99_ms
    assert found.median_ms < 200
    assert 4 <= found.count <= 4 * 0.4 / 0.05 + 4
    assert abs(found.requests_s - found.count / found.seconds) < 0.01
    assert found.generator_cpu_s > 0


def test_errors_are_counted_and_are_no_answers() -> None:
    number = 0

    async def post(request: web.Request) -> web.Response:
        nonlocal number
        number += 1
        return web.json_response(TRUCK, status=503) if number % 2 else web.json_response(TRUCK)

    found = loaded(PEER, post, clients=1)
    assert found.errors > 0
    assert abs(found.count - found.errors) <= 1
    assert "503" in found.failure


def test_an_answer_without_a_label_is_an_error() -> None:
    async def post(request: web.Request) -> web.Response:
        return web.json_response({"label": "unicorn"})

    found = loaded(PEER, post)
    assert (found.count, found.median_ms) == (0, None)
    assert found.errors > 0
    assert "without a label" in found.failure


def test_a_refused_connection_is_an_error() -> None:
    found = asyncio.run(load("http://127.0.0.1:9", PEER, [b"a"], clients=1, seconds=0.1, warmup=0.0))
    assert found.count == 0
    assert found.errors > 0


def test_a_polled_job_is_answered_when_its_result_is_held() -> None:
    polls: dict[str, int] = {}

    async def post(request: web.Request) -> web.Response:
        job = str(len(polls))
        polls[job] = 0
        return web.json_response({"task_id": job, "status": "queued"}, status=202)

    async def get(request: web.Request) -> web.Response:
        job = request.match_info["id"]
        polls[job] += 1
        done = polls[job] == 3
        return web.json_response({"status": "done", "results": [TRUCK]} if done else {"status": "queued"})

    found = loaded(POLLED, post, get)
    assert found.errors == 0
    assert found.count > 0
    assert found.median_ms and found.median_ms >= 3 * 10
    assert set(polls.values()) == {3}


def test_a_failed_and_a_lost_job_are_errors() -> None:
    async def post(request: web.Request) -> web.Response:
        return web.json_response({"id": "1"})

    async def failed(request: web.Request) -> web.Response:
        return web.json_response({"status": "FAILURE"})

    async def lost(request: web.Request) -> web.Response:
        return web.json_response({"status": "unknown"}, status=404)

    for get in (failed, lost):
        found = loaded(POLLED, post, get)
        assert found.count == 0
        assert found.errors > 0
