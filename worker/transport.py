"""kombu's Redis transport, but for what it puts back into a queue."""

from typing import Any

from kombu.transport import redis

from worker.order import Hands


def transport(hands: Hands) -> type[redis.Transport]:
    """The transport of a worker that holds messages in `hands`."""

    class Keeping(redis.Channel):
        def _restore(self, message: Any, leftmost: bool = False) -> None:
            """Put back what was delivered, when the connection breaks or the worker stops.

            Not what a thread works on: it goes on with that, and whoever else took it would run the same images.
            """
            if not hands.holds(message.headers["id"]):
                super()._restore(message, leftmost)

    class Transport(redis.Transport, metaclass=_Named):
        Channel = Keeping

    return Transport


class _Named(type):
    """What a broker's address begins with in Celery's log."""

    def __str__(cls) -> str:
        return "redis"
