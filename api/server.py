"""gunicorn around the app: gevent workers, so that a request that waits costs no thread."""

import gc
import sys

from flask import Flask
from gunicorn.app.base import BaseApplication

from api.app import create_app
from api.context import Context
from api.stopping import StoppingWorker
from contract.card import Cards
from contract.errors import KerasqError
from contract.hosts import bracketed
from contract.settings import Settings


class Server(BaseApplication):
    """Serves the models of `cards`, which have been checked, until SIGHUP makes it read them again."""

    def __init__(self, settings: Settings, cards: Cards) -> None:
        self._settings, self._cards = settings, cards
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options = {
            "bind": f"{bracketed(settings.host)}:{settings.port}",
            "workers": settings.api_workers,
            "worker_class": StoppingWorker,
            "worker_connections": 4096,
            "backlog": 4096,
            "keepalive": 75,  # longer than the 60 s that proxies keep a connection, so that it is they who close it
            # What proxies say is for ProxyFix to read; to see whom to believe, gunicorn would parse every address.
            "forwarded_allow_ips": "*",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "limit_request_line": 8190,  # as much as gunicorn reads; over it, the answer is its own 414
            "timeout": 120,
            "graceful_timeout": 30,
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def reload(self) -> None:
        """On SIGHUP: processes with the models of now take the place of those there are, which answer what they have.

        Where a model's folder is wrong that is said, and all models stay as they were.
        """
        super().reload()
        try:
            self._cards = Context.check(self._settings)
        except KerasqError as error:
            print(f"api: {error}; the models stay as they were", file=sys.stderr, flush=True)

    def load(self) -> Flask:
        app = create_app(Context.open(self._settings, self._cards))
        # What lives as long as the process would be looked through again and again while clients wait.
        gc.freeze()
        return app
