"""Decoding beside the event loop, so that one client's large photos do not hold up the others."""

import gevent
import numpy as np

from contract.images import decode

#: Files of up to so many bytes are decoded at once: handing them over would cost more.
SMALL = 16 * 1024


def decoded(content: bytes, size: tuple[int, int], *, max_pixels: int) -> np.ndarray:
    """As contract.images.decode, with the same errors."""
    if len(content) <= SMALL:
        return decode(content, size, max_pixels=max_pixels)
    pixels: np.ndarray = gevent.get_hub().threadpool.apply(decode, (content, size), {"max_pixels": max_pixels})
    return pixels
