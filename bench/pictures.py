"""Pictures for every measurement, from the photos in img/: the same on every machine, and no data set needed."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from contract.settings import ROOT

PHOTOS = ROOT / "img"
SEED = 20
#: Width and height of what the models see, and of a photo of 2 megapixels, in pixels.
SMALL, LARGE = (32, 32), (1632, 1224)
QUALITY = 90


def pngs(count: int) -> list[bytes]:
    """`count` PNGs of 32x32 pixels, all different: random parts of the photos, made small."""
    return [_encoded(each, "PNG") for each in _crops(count, SMALL)]


def write_pngs(folder: Path, count: int) -> list[Path]:
    """The same as files 00000.png, ... in `folder`; their paths."""
    return _write(folder, "png", pngs(count))


def write_photos(folder: Path, count: int) -> list[Path]:
    """`count` JPEGs of 1632x1224 pixels, all different, as files 00000.jpg, ... in `folder`; their paths."""
    return _write(folder, "jpg", (_encoded(each, "JPEG", quality=QUALITY) for each in _crops(count, LARGE)))


def _crops(count: int, size: tuple[int, int]) -> Iterator[Image.Image]:
    chance = random.Random(SEED)
    photos = [Image.open(path).convert("RGB") for path in sorted(PHOTOS.glob("*.jpg"))]
    for number in range(count):
        photo = photos[number % len(photos)]
        share = chance.uniform(0.5, 1.0)
        width, height = (round(side * share) for side in photo.size)
        left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
        box = (left, top, left + width, top + height)
        yield photo.resize(size, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _write(folder: Path, suffix: str, contents: Iterator[bytes] | list[bytes]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, content in enumerate(contents):
        path = folder / f"{number:05}.{suffix}"
        path.write_bytes(content)
        paths.append(path)
    return paths
