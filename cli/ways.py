"""The ways to the workers that `kerasq classify` knows: the queue itself, or a server's HTTP API."""

from typing import Protocol

from cli.carrier import Carrier, RedisCarrier
from cli.http_carrier import HttpCarrier
from cli.patience import Patience
from client import Client
from contract.card import Card, Cards
from contract.connection import connect
from contract.presence import present, serving
from contract.settings import Settings
from contract.store import Store


class Way(Protocol):
    """A way to the workers of one model, whose card is `card`."""

    card: Card

    def served(self) -> bool:
        """Whether a worker serves the model now. Raises QueueUnavailable at once."""

    def carrier(self, top: int) -> Carrier:
        """What takes images along it and brings `top` predictions for each back."""


class RedisWay:
    """Straight to the queue; the card is in the models' folder. Raises BadModel or UnknownModel."""

    def __init__(self, settings: Settings, model: str, patience: Patience) -> None:
        self.card = Cards(settings.models_dir, settings.models)[model]
        self._settings, self._patience = settings, patience
        self._store = Store(connect(settings), settings)

    def served(self) -> bool:
        return self.card.name in serving(present(self._store.redis))

    def carrier(self, top: int) -> Carrier:
        from contract.notices import Notices
        from contract.submit import Submitter

        store = self._store
        submitter, notices = Submitter(store), Notices(store)
        return RedisCarrier(store, submitter, notices, model=self.card.name, top=top, patience=self._patience)


class HttpWay:
    """Through a server, which has the card too; no models and no Redis are needed here.

    Raises BadSetting for what is no URL, Unreachable, or UnknownModel.
    """

    def __init__(self, url: str, key: str | None, model: str, patience: Patience) -> None:
        self._client = Client(url, key, patience=patience)
        self._impatient = Client(url, key, patience=0)
        self.card = self._client.model(model)

    def served(self) -> bool:
        return self._impatient.queues()[self.card.name].workers > 0

    def carrier(self, top: int) -> Carrier:
        return HttpCarrier(self._client, model=self.card.name, top=top)
