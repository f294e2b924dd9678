"""A request of many images leaves the others their turn."""

from types import SimpleNamespace

import numpy as np

from api import decoding
from api.uploads import Upload
from contract.card import Input


def test_others_have_their_turn_between_slow_images(monkeypatch):
    now, turns = 100.0, []

    def decode(*_, **__):
        nonlocal now
        now += 0.01
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr(decoding, "time", SimpleNamespace(monotonic=lambda: now, sleep=turns.append))
    monkeypatch.setattr(decoding, "decode", decode)
    images = [Upload(name=None, content=b"") for _ in range(8)]
    pixels, _ = decoding.decoded(images, Input(height=8, width=8), 1000)
    assert len(pixels) == 8 and len(turns) == 7 and min(turns) > 0
