"""Bytes of a picture -> the pixels a model takes, and back."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from contract.errors import NotAnImage, TooLarge, UnknownKey, UnusableImage

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"})
#: JPEGs are decoded at a scale that leaves at least this many times the pixels needed in each direction.
HEADROOM = 4
BACKGROUND = (255, 255, 255)

# The size is checked against our own limit, by the header alone, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def decode(content: bytes, size: tuple[int, int], *, max_pixels: int) -> np.ndarray:
    """Decode one picture to uint8 (height, width, 3), `size` being (height, width).

    The first frame of an animation is used, EXIF rotation is applied, transparency is laid on white, 16-bit
    samples are scaled to 8, and the middle is fitted to the size.

    Raises NotAnImage, UnusableImage, or TooLarge when the header announces more than `max_pixels`.
    """
    if not content:
        raise NotAnImage("the image is empty: 0 bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > max_pixels:
                    raise TooLarge(
                        f"the image has {picture.width} x {picture.height} pixels; at most {max_pixels:,} are taken"
                    )
                picture.draft("RGB", (size[1] * HEADROOM, size[0] * HEADROOM))
                return _fitted(_rgb(ImageOps.exif_transpose(picture)), size)
    except UnidentifiedImageError:
        raise NotAnImage(f"the bytes are not an image of a format that is taken ({', '.join(FORMATS)})") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, IndexError, TypeError) as error:
        raise UnusableImage(f"the image cannot be decoded: {error}") from None


def encode(pixels: np.ndarray) -> bytes:
    """A PNG of uint8 (height, width, 3), from which `decode` makes exactly these pixels again."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        samples = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if samples.max(initial=0) > 255 else 255.0
        return Image.fromarray((samples.clip(0, top) * (255.0 / top)).round().astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        canvas = Image.new("RGBA", layer.size, (*BACKGROUND, 255))
        canvas.alpha_composite(layer)
        return canvas.convert("RGB")
    return picture.convert("RGB")


def _fitted(picture: Image.Image, size: tuple[int, int]) -> np.ndarray:
    height, width = size
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(picture)


def open_key(folder: Path, key: str) -> bytes:
    """The bytes of the file that `key` names in `folder`. Raises UnknownKey for a file that is not there or outside."""
    root = folder.resolve()
    try:
        path = (root / key).resolve()
        if path.is_relative_to(root) and path.is_file():
            return path.read_bytes()
    except (OSError, ValueError):
        pass
    raise UnknownKey(f"key {key!r} names no file in {folder.name}/")
