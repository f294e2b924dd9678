"""What every request needs, opened once per process."""

import logging
from dataclasses import dataclass
from functools import cached_property

from flask import current_app

from api import rates
from api.callbacks import Caller
from api.keys import Keyring
from contract.card import Cards
from contract.connection import connect
from contract.notices import Notices
from contract.outbox import Outbox
from contract.settings import Settings
from contract.store import Store
from contract.submit import Submitter

log = logging.getLogger("kerasq.api")


@dataclass(frozen=True, kw_only=True)
class Context:
    settings: Settings
    cards: Cards
    store: Store
    submitter: Submitter
    notices: Notices

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.store, required=self.settings.require_key)

    @cached_property
    def rate(self) -> rates.Rate | None:
        """None where submissions are not limited. Raises BadSetting."""
        return rates.Rate.open(self.store, self.settings)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.store)

    @staticmethod
    def check(settings: Settings) -> Cards:
        """The cards of the models that are served, checked against their files.

        Raises BadModel, UnknownModel, or BadSetting.
        """
        if settings.rate_limit:
            rates.read(settings.rate_limit)
        if not settings.images_dir.is_dir():
            log.warning("KERASQ_IMAGES_DIR=%r is not a folder, so no key will name a file", str(settings.images_dir))
        cards = Cards(settings.models_dir, settings.models)
        cards.demand()
        cards.verify()
        return cards

    @classmethod
    def open(cls, settings: Settings, cards: Cards | None = None) -> "Context":
        """With `cards` that have been checked, or with those of the settings. Raises what `check` does."""
        store = Store(connect(settings), settings)
        notices = Notices(store)
        here = cls(
            settings=settings,
            cards=cls.check(settings) if cards is None else cards,
            store=store,
            submitter=Submitter(store, notices.clients),
            notices=notices,
        )
        if settings.callback_secret:
            Caller(store, here.outbox, settings).start()
        return here


def context() -> Context:
    """The running app's context."""
    return current_app.extensions["kerasq"]
