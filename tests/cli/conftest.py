"""The command line on fakeredis, with a worker that is a thread."""

import errno
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fakeredis
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from cli.main import cli
from contract import presence
from contract.envelope import message_id
from contract.errors import KerasqError
from contract.jobs import Prediction
from contract.jobs import Result as Answer
from contract.message import Message
from contract.settings import Settings
from contract.store import Store

CREATE = Store.create
LABELS = ("circle", "square", "star")


class Worker:
    """Answers each image by its first pixel: red 0 is a circle, 1 a square, 2 a star; 255 fails on the engine."""

    def __init__(self, store: Store) -> None:
        self.store, self.images, self.bulk = store, 0, set()
        self.refuses: list[KerasqError] = []
        self.before: Callable[[Message], None] = lambda message: None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def create(self, store: Store, *given: Any) -> None:
        """Stands where Store.create is: refuses what it is told to refuse."""
        if self.refuses:
            raise self.refuses.pop(0)
        CREATE(store, *given)

    def start(self) -> None:
        here = presence.Presence(worker=presence.this_worker(), models={"shapes": "0"}, engine="fake", started_at=0.0)
        presence.announce(self.store.redis, here)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.ident:
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            found = self.store.redis.brpop(["shapes", "shapes.bulk"], 0.05)
            if not found:
                continue
            message, (run,) = self.store.take(found[0].decode(), message_id(json.loads(found[1])))
            self.bulk.add(message.bulk)
            self.before(message)
            (part,) = message.parts
            answers = [self._answer(int(each[0, 0, 0]), part.top) for each in message.pixels] if run else []
            self.images += len(answers)
            self.store.finish(message, "0", [answers])

    def _answer(self, red: int, top: int) -> Answer:
        if red == 255:
            return Answer(error=("Engine error", "the model could not run on this image: no"))
        order = [LABELS[(red + place) % 3] for place in range(top)]
        return Answer(predictions=tuple(Prediction(label=x, probability=0.5 / (n + 1)) for n, x in enumerate(order)))


@pytest.fixture
def settings(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("KERASQ_MODELS_DIR", str(models))
    monkeypatch.setenv("KERASQ_STATE_DIR", str(tmp_path / "state"))
    return Settings.from_env()


@pytest.fixture
def store(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Store:
    server = fakeredis.FakeServer()
    for module in ("ways", "jobs", "models", "health"):
        monkeypatch.setattr(f"cli.{module}.connect", lambda settings: fakeredis.FakeRedis(server=server))
    return Store(fakeredis.FakeRedis(server=server), settings)


@pytest.fixture
def worker(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    worker = Worker(store)
    monkeypatch.setattr(Store, "create", lambda store, *given: worker.create(store, *given))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def kerasq() -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


class Full(io.StringIO):
    """A text file on a disk that has no room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def picture(path: Path, red: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), (red, 0, 0), np.uint8)).save(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three shapes, the last below."""
    folder = tmp_path / "photos"
    for name, red in (("a.png", 0), ("b.png", 1), ("deep/c.png", 2)):
        picture(folder / name, red)
    return folder
