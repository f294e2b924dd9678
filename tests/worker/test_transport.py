"""The client that acknowledges lasts as long as its connections."""

from collections.abc import Iterator

import fakeredis
import pytest

from contract.settings import Settings
from worker.celery_app import make_app
from worker.transport import Channel, Transport


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    nowhere = {"connection_class": fakeredis.FakeRedisConnection, "server": fakeredis.FakeServer(), "db": 0}
    monkeypatch.setattr(Channel, "_connparams", lambda self, asynchronous=False: dict(nowhere))
    with make_app(Settings()).connection_for_read() as connection:
        assert isinstance(connection.transport, Transport)
        yield connection.default_channel


def test_it_is_one(channel: Channel) -> None:
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second
    assert channel.client is not first


def test_after_the_connections_are_given_up_it_is_another(channel: Channel) -> None:
    with channel.conn_or_acquire() as first:
        channel._disconnect_pools()
    with channel.conn_or_acquire() as second:
        assert second is not first
        assert second.connection_pool is channel.pool
