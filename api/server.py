"""gunicorn around the app: gevent workers, so that a request that waits costs no thread."""

from flask import Flask
from gunicorn.app.base import BaseApplication

from contract.settings import Settings


class Server(BaseApplication):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        settings = self._settings
        options = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.api_workers,
            "worker_class": "gevent",
            "worker_connections": 4096,
            "backlog": 4096,
            "keepalive": 30,
            "limit_request_line": 8190,  # as much as gunicorn reads; over it, the answer is its own 414
            "timeout": 120,
            "graceful_timeout": 30,
            "loglevel": settings.log_level.lower(),
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        from api.app import create_app

        return create_app(self._settings)
