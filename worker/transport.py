"""kombu's Redis transport with a client that lasts."""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """Keeps the client that acknowledges; kombu makes one, with its table of callbacks, for each message twice."""

    _lasting: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:  # kombu keeps that one itself
            return super()._create_client(asynchronous=True)
        if self._lasting is None or self._lasting.connection_pool is not self.pool:
            self._lasting = super()._create_client()
        return self._lasting


class Transport(redis.Transport):
    """For the setting `broker_transport`."""

    Channel = Channel
