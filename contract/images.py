"""Bytes of a picture -> the pixels a model takes, and back."""

import io
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from contract.errors import KerasqError, NotAnImage, TooLarge, UnknownKey, UnusableImage

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
JPEGS = ("JPEG", "MPO")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"})
#: JPEGs are decoded at a scale that leaves at least this many times the pixels needed in each direction.
HEADROOM = 4
#: Most scans of a progressive JPEG, each of which goes over the whole picture; usual are ten.
SCANS = 100
#: A JPEG's next marker with a length after it (ITU-T T.81, B.1.1), among coded data, and two of them. Others libjpeg
#: reads on behind, and so a length that they seem to have must hide nothing.
MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
START_OF_SCAN, END_OF_IMAGE = b"\xda", b"\xd9"
#: Most segments of a JPEG between its scans; usual are dozens, and some hundreds where a colour profile is large.
SEGMENTS = 10_000
PHOTOMETRIC, TILEWIDTH, TILELENGTH, SAMPLEFORMAT = 262, 322, 323, 339
WHITE_IS_ZERO, UNSIGNED = 0, 1
BACKGROUND = (255, 255, 255)
#: What undoes each EXIF orientation but the first (CIPA DC-008, 4.6.5.1).
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: Where a picture of 16-bit samples remembers what is white, once they are held in 32 bits.
DEPTH = "kerasq depth"

#: Bytes by which Pillow tells formats apart.
PREFIX = 16

#: A picture of more pixels takes so long that others should not wait for it.
LARGE = 500_000

# The size is checked against our own limit, by the header alone, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# For good, because setting it for one picture would set it for those of other threads.
warnings.filterwarnings("ignore", module=r"PIL\b")


def decode(
    content: bytes,
    size: tuple[int, int],
    *,
    max_pixels: int,
    channels: int = 3,
    spend: Callable[[int], None] | None = None,
    aside: Callable[[Callable[[], np.ndarray]], np.ndarray] | None = None,
) -> np.ndarray:
    """Decode one picture to uint8 (height, width, channels), `size` being (height, width); one channel is grey.

    The first frame of an animation is used, EXIF rotation is applied, transparency is laid on white, 16-bit
    samples are scaled to 8, and the whole picture is squashed to the size.

    `spend` is told, before it is decoded, how many pixels a picture has that is no JPEG, and so must be decoded in its
    whole size; it may raise. `aside` is given the work for a LARGE picture and returns what it makes, as soon as it has
    been done somewhere else.

    Raises NotAnImage, UnusableImage, or TooLarge for more than `max_pixels` in its header, or SCANS in a JPEG.
    """
    if not content:
        raise NotAnImage("the image is empty: 0 bytes")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _demand_size(picture, content, max_pixels)
            pixels = picture.width * picture.height
            if spend and picture.format not in JPEGS:
                spend(pixels)
            work = partial(_made, picture, size, channels)
            return aside(work) if aside and pixels > LARGE else work()
    except KerasqError:
        raise
    except UnidentifiedImageError:
        if form := _begins_like(content):
            raise UnusableImage(f"the image begins like a {form} and is none that can be decoded") from None
        raise NotAnImage(f"the bytes are not an image of a format that is taken ({', '.join(FORMATS)})") from None
    except Exception as error:  # a decoder may raise anything on a damaged file
        raise UnusableImage(f"the image cannot be decoded: {error}") from None


def _made(picture: Image.Image, size: tuple[int, int], channels: int) -> np.ndarray:
    picture.draft("RGB", (size[1] * HEADROOM, size[0] * HEADROOM))
    return _fitted(_rgb(_reduced(_plain(_upright(picture)), size)), size, channels)


def _upright(picture: Image.Image) -> Image.Image:
    """Pillow's exif_transpose would also write the EXIF anew, and refuse a picture where it cannot."""
    picture.load()  # first, because a TIFF turns itself then
    try:
        turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF may raise anything, and says nothing of the pixels
        turn = None
    return picture if turn is None else picture.transpose(turn)


def _begins_like(content: bytes) -> str | None:
    """The format that the first bytes are of."""
    return next((form for form in FORMATS if (accepts := Image.OPEN[form][1]) and accepts(content[:PREFIX])), None)


def _demand_size(picture: Image.Image, content: bytes, max_pixels: int) -> None:
    """Raise TooLarge for what would take too much time or memory to decode."""
    if picture.width * picture.height > max_pixels:
        raise TooLarge(f"the image has {picture.width} x {picture.height} pixels; at most {max_pixels:,} are taken")
    if isinstance(picture, TiffImageFile):  # a tile is decoded whole, however little of it the image needs
        width, height = (picture.tag_v2.get(tag, 1) for tag in (TILEWIDTH, TILELENGTH))
        if width * height > max_pixels:
            raise TooLarge(f"the image has tiles of {width} x {height} pixels; at most {max_pixels:,} are taken")
    if picture.format in JPEGS:
        _demand_scans(content)


def _demand_scans(content: bytes) -> None:
    """Raise TooLarge for a JPEG of more scans or segments than are taken, whatever follows its end."""
    at, scans, segments = 2, 0, 0
    while (marker := MARKER.search(content, at)) and marker[1] != END_OF_IMAGE:
        at = marker.end()
        at += int.from_bytes(content[at : at + 2])
        scans, segments = scans + (marker[1] == START_OF_SCAN), segments + 1
        if scans > SCANS or segments > SEGMENTS:
            raise TooLarge(f"the image has more than {SCANS} scans or {SEGMENTS:,} segments; no more are taken")


def encode(pixels: np.ndarray) -> bytes:
    """A PNG of uint8 (height, width, 3 or 1), from which `decode` makes exactly these pixels again."""
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    """A picture of 16-bit or 32-bit samples as one whose samples mean light and nothing else.

    Pillow does this for 8 bits alone. Raises UnusableImage for samples below 0, which no light is.
    """
    tags = picture.tag_v2 if isinstance(picture, TiffImageFile) else {}
    if picture.mode.startswith("I;16"):
        samples = np.asarray(picture)
        if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
            samples = 65535 - samples
        elif "transparency" in picture.info:
            samples = np.where(samples == picture.info["transparency"], 65535, samples)
        else:
            return picture
        return Image.fromarray(samples.astype(np.uint16))
    if picture.mode == "I" and np.asarray(picture).min() < 0:
        kind = "more than 2,147,483,647" if UNSIGNED in tags.get(SAMPLEFORMAT, (UNSIGNED,)) else "less than 0"
        raise UnusableImage(f"the image cannot be decoded: it has samples of {kind}")
    return picture


def _reduced(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Averaged down to HEADROOM times the size, before what follows needs several bytes for each sample."""
    factors = [max(1, side // (needed * HEADROOM)) for side, needed in zip(picture.size, size[::-1], strict=True)]
    if factors == [1, 1]:
        return picture
    deep = picture.mode.startswith("I;16")
    if picture.has_transparency_data and not deep:
        picture = picture.convert("RGBA")
    elif deep or picture.mode in ("1", "P"):
        picture = picture.convert({"1": "L", "P": "RGB"}.get(picture.mode, "I"))
    reduced = picture.reduce((factors[0], factors[1]))
    if deep:
        reduced.info[DEPTH] = 65535.0
    return reduced


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I") or picture.mode == "F":
        samples = np.asarray(picture, dtype=np.float64)
        depth = 65535.0 if picture.mode.startswith("I;16") else picture.info.get(DEPTH)
        top = depth or _top(np.nan_to_num(samples).max(initial=0))
        grey = np.nan_to_num(samples).clip(0, top) * (255.0 / top)
        return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        canvas = Image.new("RGBA", layer.size, (*BACKGROUND, 255))
        canvas.alpha_composite(layer)
        return canvas.convert("RGB")
    return picture.convert("RGB")


def _top(brightest: float) -> float:
    """What is white in samples whose depth the file does not tell."""
    return next((top for top in (1.0, 255.0, 65535.0) if brightest <= top), float(brightest))


def _fitted(picture: Image.Image, size: tuple[int, int], channels: int) -> np.ndarray:
    height, width = size
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BOX, reducing_gap=None)
    # From RGB, whose grey is exactly the grey that it came from.
    return np.asarray(picture) if channels == 3 else np.asarray(picture.convert("L"))[..., None]


def is_picture(path: Path) -> bool:
    """Whether there is a file whose name ends like a picture's."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


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
