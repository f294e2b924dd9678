"""A request of many images, or of a large one, leaves the others their turn."""

from threading import Event, get_ident
from types import SimpleNamespace

import gevent
import numpy as np
import pytest

from api import decoding
from api.uploads import Upload
from contract import images
from contract.card import Input
from contract.errors import UnusableImage
from contract.images import encode


def test_others_have_their_turn_between_slow_images(monkeypatch):
    now, turns = 100.0, []

    def decode(*_, **__):
        nonlocal now
        now += 0.01
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr(decoding, "time", SimpleNamespace(monotonic=lambda: now, sleep=turns.append))
    monkeypatch.setattr(decoding, "decode", decode)
    uploads = [Upload(name=None, content=b"") for _ in range(8)]
    pixels, _ = decoding.decoded(uploads, Input(height=8, width=8), 1000)
    assert len(pixels) == 8 and len(turns) == 7 and min(turns) > 0


@pytest.mark.parametrize(("side", "elsewhere"), [(64, False), (800, True)])
def test_a_large_picture_is_decoded_in_a_thread_of_its_own(monkeypatch, side, elsewhere):
    content, threads = encode(np.full((side, side, 3), 9, np.uint8)), []
    made = images._made
    monkeypatch.setattr(images, "_made", lambda *given: threads.append(get_ident()) or made(*given))
    pixels, refused = decoding.decoded([Upload(name=None, content=content)] * 2, Input(height=8, width=8), 10**6)
    assert (pixels == 9).all() and pixels.shape == (2, 8, 8, 3) and not refused
    assert [each != get_ident() for each in threads] == [elsewhere] * 2
    assert len(set(threads)) == 1


def test_others_are_served_while_a_large_picture_is_decoded(monkeypatch):
    going_on, content = Event(), encode(np.zeros((800, 800, 3), np.uint8))
    made = images._made

    def slow(*given):
        assert going_on.wait(10)
        return made(*given)

    monkeypatch.setattr(images, "_made", slow)
    large = gevent.spawn(decoding.decoded, [Upload(name=None, content=content)], Input(height=8, width=8), 10**6)
    small = gevent.spawn(going_on.set)
    gevent.joinall([large, small], timeout=20)
    assert large.value[0].shape == (1, 8, 8, 3)


def test_what_is_wrong_with_a_large_picture_is_told_to_who_sent_it_alone(capfd):
    content = encode(np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8))
    with pytest.raises(UnusableImage):
        decoding.decoded([Upload(name=None, content=content[:-1000])], Input(height=8, width=8), 10**6)
    assert capfd.readouterr() == ("", "")
