from dataclasses import replace

import pytest

from api.server import Server
from contract.card import Cards
from contract.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "::", "::1", "localhost"])
def test_it_listens_on_addresses_of_either_kind(settings: Settings, host: str) -> None:
    server = Server(replace(settings, host=host, port=5999), Cards(settings.models_dir))
    assert server.cfg.address == [(host, 5999)]


def test_a_proxy_closes_a_connection_before_the_server_does(settings: Settings) -> None:
    assert Server(settings, Cards(settings.models_dir)).cfg.keepalive > 60


def test_nobody_but_a_trusted_proxy_says_which_scheme_is_in_use(settings: Settings) -> None:
    server = Server(settings, Cards(settings.models_dir))
    assert server.cfg.secure_scheme_headers == {} and server.cfg.forwarder_headers == []
