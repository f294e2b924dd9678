"""kombu's Redis transport, but for what it puts back into a queue, and how long it pauses."""

from typing import Any

import kombu
from kombu.transport import redis

from worker.order import Hands


def transport(hands: Hands) -> type[redis.Transport]:
    """The transport of a worker that holds messages in `hands`."""

    class Keeping(redis.Channel):
        def _restore(self, message: Any, leftmost: bool = False) -> None:
            """Put back what was delivered, when the connection breaks or the worker stops.

            Not what a thread works on: it goes on with that, and whoever else took it would run the same images.
            """
            hands.forgo(message.headers["id"])
            if not hands.holds(message.headers["id"]):
                super()._restore(message, leftmost)

    class Transport(redis.Transport, metaclass=_Named):
        Channel = Keeping

    return Transport


class Connection(kombu.Connection):
    """A worker's, whose pauses while Redis is away grow to 5 seconds, and not to half a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> kombu.Connection:
        return super().ensure_connection(*args, **options, interval_start=1, interval_step=1, interval_max=5)


class _Named(type):
    """What a broker's address begins with in Celery's log."""

    def __str__(cls) -> str:
        return "redis"
