from dataclasses import replace

import pytest

from api.server import Server
from contract.card import Cards
from contract.settings import Settings


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "::", "::1", "localhost"])
def test_it_listens_on_addresses_of_either_kind(settings: Settings, host: str) -> None:
    server = Server(replace(settings, host=host, port=5999), Cards(settings.models_dir))
    assert server.cfg.address == [(host, 5999)]
