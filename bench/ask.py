"""One image becomes one answer: a request and, where the answer is a job, its polls."""

import asyncio
import re

from aiohttp import ClientError, ClientSession, TCPConnector

from bench.peer import Peer
from contract.card import Cards
from contract.settings import ROOT

#: Seconds after which a client gives an answer up.
PATIENCE = 60.0
MODEL = "cifar10"
_LABEL = re.compile(rb'"(' + "|".join(Cards(ROOT / "models")[MODEL].labels).encode() + rb')"')
_ID = re.compile(rb'"(?:id|job_id|task_id)"\s*:\s*"([^"]+)"')
_FAILED = re.compile(rb'"status"\s*:\s*"(?:failed|failure|error|cancelled|expired|revoked)"', re.IGNORECASE)


class NoAnswer(Exception):
    """The server answered, but with something else than a label."""


#: What `ask` raises when there is no answer, whoever's fault it is.
FAILURES = (NoAnswer, ClientError, OSError, TimeoutError)


def connected(url: str) -> ClientSession:
    """A session with as many kept-alive connections as there are clients."""
    return ClientSession(url, connector=TCPConnector(limit=0, keepalive_timeout=30))


async def ask(session: ClientSession, peer: Peer, image: bytes, patience: float = PATIENCE) -> None:
    """Return when the client holds a label for the image, a PNG. Raises one of FAILURES."""
    async with asyncio.timeout(patience):
        async with session.post(peer.path, data=image, headers=peer.headers) as answer:
            status, body = answer.status, await answer.read()
        if status >= 300:
            raise NoAnswer(f"POST {peer.path}: {status} {_short(body)}")
        if _LABEL.search(body):
            return
        if peer.poll is None:
            raise NoAnswer(f"POST {peer.path}: {status} without a label: {_short(body)}")
        await _follow(session, peer, _state(peer, body))


async def _follow(session: ClientSession, peer: Peer, path: str) -> None:
    while True:
        await asyncio.sleep(peer.interval)
        async with session.get(path) as answer:
            status, body = answer.status, await answer.read()
        if status == 200 and _LABEL.search(body):
            return
        if status not in peer.pending or _FAILED.search(body):
            raise NoAnswer(f"GET {path}: {status} {_short(body)}")


def _state(peer: Peer, body: bytes) -> str:
    found = _ID.search(body)
    if not found:
        raise NoAnswer(f"POST {peer.path}: neither a label nor the id of a job: {_short(body)}")
    return (peer.poll or "").format(id=found[1].decode())


def _short(body: bytes) -> str:
    return " ".join(body[:200].decode(errors="replace").split())
