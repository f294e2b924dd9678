"""Images -> the body of a request, and as many requests as the server's limits ask for."""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, takewhile
from pathlib import Path
from typing import TypeVar

from contract.errors import TooLarge
from contract.jobs import CHUNK

#: An image file's bytes, or where it is.
Image = bytes | str | os.PathLike[str]
#: Bytes of images in one request: a little less than what a server takes unless it is told otherwise.
BODY = 30 * 2**20
T = TypeVar("T")


def listed(images: Image | Iterable[Image]) -> list[Image]:
    """The images of a call, which may be a lone one."""
    return [images] if isinstance(images, bytes | str | os.PathLike) else list(images)


def multipart(images: Iterable[Image]) -> tuple[bytes, str]:
    """A multipart/form-data body of the images, files with their names, and its Content-Type.

    Raises OSError for a file that cannot be read.
    """
    boundary = secrets.token_hex(16)
    pieces = []
    for image in images:
        name, content = ("", image) if isinstance(image, bytes) else (Path(image).name, Path(image).read_bytes())
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n\r\n'
        pieces += [head.encode(errors="replace"), content, b"\r\n"]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    """A name as browsers write it there, but for a backslash, after which the server takes any letter as it is."""
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _fitting(images: Sequence[Image]) -> Sequence[Image]:
    """As many of them from the first as BODY bytes hold; at least one."""
    bytes_ = accumulate(len(image) if isinstance(image, bytes) else Path(image).stat().st_size for image in images)
    return images[: max(1, sum(1 for _ in takewhile(lambda so_far: so_far <= BODY, bytes_)))]


class Pieces:
    """Cuts images into requests. How many go into one is halved whenever the server says that it is too large."""

    def __init__(self) -> None:
        self._most = CHUNK

    def each(self, images: Sequence[Image], submit: Callable[[Sequence[Image]], T]) -> Iterator[T]:
        """What `submit` gives for each piece. Raises what it raises, TooLarge only for a lone image."""
        position = 0
        while position < len(images):
            piece = _fitting(images[position : position + self._most])
            try:
                made = submit(piece)
            except TooLarge:
                if len(piece) == 1:
                    raise
                self._most = len(piece) // 2
            else:
                position += len(piece)
                yield made
