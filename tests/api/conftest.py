"""The app on fakeredis, with an engine that answers at once or not at all."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import fakeredis
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from api.context import Context
from contract.card import Cards
from contract.jobs import Job, Prediction, Result
from contract.message import Message, pack
from contract.notices import Notices
from contract.settings import Settings
from contract.store import Store


class Line:
    """A Submitter without a queue: it notes each job, and answers it where `answers` says so."""

    def __init__(self, store: Store, cards: Cards) -> None:
        self._store, self._cards = store, cards
        self.jobs: list[tuple[Job, np.ndarray]] = []
        self.messages: dict[str, list[Message]] = {}
        self.answers = True
        self.error: Exception | None = None

    def submit(self, job: Job, pixels: np.ndarray) -> None:
        if self.error:
            raise self.error
        self.jobs.append((job, pixels))
        self.messages[job.id] = pack([(job, pixels)])
        self._store.create([job], self.messages[job.id])
        if self.answers:
            self.answer(job, pixels)

    def answer(self, job: Job, pixels: np.ndarray) -> None:
        """The first labels with falling probabilities, for every image alike."""
        labels = self._cards[job.model].labels[: job.top]
        guesses = tuple(Prediction(label=label, probability=0.5 / 2**rank) for rank, label in enumerate(labels))
        for message in self.messages[job.id]:
            self._store.take(message.queue, message.id)
            answers = [[Result(predictions=guesses)] * part.images for part in message.parts]
            self._store.finish(message, self._cards[job.model].version, answers)


@dataclass
class Api:
    client: FlaskClient
    line: Line
    store: Store
    context: Context

    def post(self, path: str, **given: Any) -> Any:
        return self.client.post(path, **given)

    def get(self, path: str, **given: Any) -> Any:
        return self.client.get(path, **given)


@pytest.fixture
def make_api(settings: Settings) -> Callable[..., Api]:
    def make(**changes: Any) -> Api:
        here = replace(settings, max_wait_s=2.0, **changes)
        store = Store(fakeredis.FakeRedis(), here)
        cards = Cards(here.models_dir)
        line = Line(store, cards)
        context = Context(settings=here, cards=cards, store=store, submitter=line, notices=Notices(store))  # type: ignore
        return Api(create_app(context).test_client(), line, store, context)

    return make


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()


def picture(color: str = "red", kind: str = "PNG", size: tuple[int, int] = (12, 9)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()
