"""What every request needs, opened once per process."""

from dataclasses import dataclass

from flask import current_app

from contract.card import Cards
from contract.notices import Notices
from contract.queue import make_app
from contract.settings import Settings
from contract.store import Store, connect
from contract.submit import Submitter


@dataclass(frozen=True, kw_only=True)
class Context:
    settings: Settings
    cards: Cards
    store: Store
    submitter: Submitter
    notices: Notices

    @staticmethod
    def check(settings: Settings) -> Cards:
        """The cards of all models, checked against their files. Raises BadModel."""
        cards = Cards(settings.models_dir)
        cards.verify()
        return cards

    @classmethod
    def open(cls, settings: Settings) -> "Context":
        store = Store(connect(settings), settings)
        return cls(
            settings=settings,
            cards=cls.check(settings),
            store=store,
            submitter=Submitter(store, make_app(settings)),
            notices=Notices(store),
        )


def context() -> Context:
    """The running app's context."""
    return current_app.extensions["kerasq"]
