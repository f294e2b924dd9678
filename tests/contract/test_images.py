"""Every kind of picture that people send, and what comes of it."""

import contextlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from contract.errors import NotAnImage, TooLarge, UnknownKey, UnusableImage
from contract.images import _reduced, decode, encode, open_key


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def pixels(content: bytes, size: tuple[int, int] = (32, 32), max_pixels: int = 10**7, channels: int = 3) -> np.ndarray:
    decoded = decode(content, size, max_pixels=max_pixels, channels=channels)
    assert decoded.shape == (*size, channels)
    assert decoded.dtype == np.uint8
    return decoded


RED = Image.new("RGB", (40, 40), (200, 10, 10))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_that_is_taken(form: str) -> None:
    assert np.abs(pixels(saved(RED, form)).astype(int) - (200, 10, 10)).max() < 12


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    assert (pixels(saved(Image.fromarray(noise), "PNG")) == noise).all()


def test_cmyk_is_turned_into_rgb() -> None:
    assert np.abs(pixels(saved(RED.convert("CMYK"), "JPEG")).astype(int) - (200, 10, 10)).max() < 20


def test_sixteen_bits_are_scaled_to_eight() -> None:
    grey = Image.fromarray(np.full((20, 20), 0x8000, np.uint16))
    assert np.abs(pixels(saved(grey, "PNG")).astype(int) - 128).max() <= 1


def test_grey_and_grey_with_alpha() -> None:
    assert (pixels(saved(Image.new("L", (9, 9), 77), "PNG")) == 77).all()
    assert (pixels(saved(Image.new("LA", (9, 9), (77, 0)), "PNG")) == 255).all()


def test_one_channel_is_grey_as_it_was() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (pixels(saved(Image.fromarray(every), "PNG"), (16, 16), channels=1)[..., 0] == every).all()
    assert (pixels(saved(Image.new("RGB", (9, 9), (255, 0, 0)), "PNG"), channels=1) == 76).all()
    assert (pixels(saved(Image.new("LA", (9, 9), (77, 0)), "PNG"), channels=1) == 255).all()


def test_transparency_of_a_palette_is_laid_on_white() -> None:
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([10, 20, 30, 200, 10, 10])
    picture.paste(1, (0, 0, 10, 5))
    upper, lower = np.split(pixels(saved(picture, "PNG", transparency=0), (10, 10)), 2)
    assert (upper == (200, 10, 10)).all()
    assert (lower == 255).all()


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ((0, 0, 255), (255, 0, 0))]
    first = pixels(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (first == (0, 0, 255)).all()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(10))
def test_exif_rotation_is_applied(form: str, orientation: int) -> None:
    picture = Image.new("RGB", (32, 32))
    picture.paste((255, 0, 0), (0, 0, 16, 16))
    picture.paste((0, 255, 0), (16, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(picture, form, exif=exif)
    with Image.open(io.BytesIO(content)) as opened:
        expected = ImageOps.exif_transpose(opened).convert("RGB")
    np.testing.assert_array_equal(pixels(content), np.asarray(expected))


def exif_of(*tags: tuple[int, int, bytes]) -> bytes:
    """EXIF of one value a tag: number, type and the four bytes of the value."""
    entries = b"".join(struct.pack(">HHI", number, kind, 1) + value for number, kind, value in tags)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(tags)) + entries + b"\0" * 4


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_turned_whatever_else_its_exif_holds(form: str) -> None:
    picture = Image.new("RGB", (64, 64), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 64, 32))
    clockwise, text_for_a_number = (0x112, 3, b"\0\6\0\0"), (0x213, 2, b"1\0\0\0")
    turned = pixels(saved(picture, form, exif=exif_of(clockwise, text_for_a_number)))
    assert turned[:, 20:].min() > 200
    assert turned[:, :12].max() < 50


def test_one_pixel_is_enough() -> None:
    assert (pixels(saved(Image.new("RGB", (1, 1), (1, 2, 3)), "PNG")) == (1, 2, 3)).all()


def test_a_large_photo_is_decoded_at_a_part_of_its_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr("contract.images._reduced", lambda picture, size: sizes.append(picture.size) or picture)
    pixels(saved(Image.new("RGB", (4000, 3000), (200, 10, 10)), "JPEG"), max_pixels=20_000_000)
    assert sizes == [(500, 375)]


def test_a_long_strip_still_fills_the_square() -> None:
    pixels(saved(Image.new("RGB", (2000, 3)), "PNG"))


def bomb(side: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(TooLarge, match=r"60000 x 60000 pixels; at most 10,000,000"):
        pixels(bomb(60000))


def test_tiles_larger_than_the_image_count() -> None:
    """libtiff decodes a tile whole, and its size is free."""
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: 32768, 323: 32752, 324: 0, 325: 1}
    fields = b"".join(struct.pack("<HHII", tag, 4 if tag > 300 else 3, 1, value) for tag, value in tags.items())
    with pytest.raises(TooLarge, match=r"tiles of 32768 x 32752 pixels; at most 10,000,000"):
        pixels(struct.pack("<4sIH", b"II*\0", 8, len(tags)) + fields + bytes(8))


START_OF_SCAN = b"\xff\xda"


def test_a_jpeg_of_many_scans_is_refused() -> None:
    content = saved(Image.new("RGB", (40, 40)), "JPEG", progressive=True)
    assert pixels(content).max() == 0
    scan = content.rindex(b"\xff\xda")
    with pytest.raises(TooLarge, match=r"more than 100 scans"):
        pixels(content[:scan] + content[scan:-2] * 101 + content[-2:])


def test_only_the_scans_of_the_picture_itself_count() -> None:
    """A phone's motion photo has a film behind it, a thumbnail is a JPEG inside of one."""
    content = saved(Image.new("RGB", (40, 40)), "JPEG", progressive=True)
    thumbnail = b"\xff\xe1" + (2 + 300).to_bytes(2) + b"\xff\xda\xff" * 100
    assert pixels(content[:2] + thumbnail + content[2:] + b"\xff\xda\x00\x02" * 200).max() == 0


def test_nothing_hides_scans_from_being_counted() -> None:
    """libjpeg reads on behind a marker that there is not, whatever length seems to follow it."""

    def segment(kind: int, content: bytes) -> bytes:
        return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2) + content

    content = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True, subsampling=0)
    first = content.index(START_OF_SCAN)
    second = content.index(START_OF_SCAN, first + 2)
    table = content.index(b"\xff\xc4", first)
    intervals = segment(0xDD, (1).to_bytes(2))
    begun = content[first : first + 2 + int.from_bytes(content[first + 2 : first + 4])] + bytes(8)
    hidden = b"\xff\x02\x00\x06" + b"\xff\xfe\x00\x04" + b"\xff\xd9"
    scans = (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + bytes(2)) * 101
    with pytest.raises(TooLarge, match="more than 100 scans"):
        pixels(content[:first] + intervals + content[table:second] + begun + hidden + scans + b"\xff\xd9")


def test_a_jpeg_of_many_segments_is_refused_in_no_time() -> None:
    content = saved(Image.new("RGB", (40, 40)), "JPEG")
    at = content.index(b"\xff\xda")
    with pytest.raises(TooLarge, match=r"10,000 segments"):
        pixels(content[:at] + b"\xff\xfe\x00\x02" * 10_001 + content[at:])
    assert pixels(content[:at] + b"\xff" * 3_000_000 + content[at:]).max() == 0


@pytest.mark.parametrize("side", [100, 300])
def test_a_16_bit_grey_png_with_a_transparent_level_keeps_its_light(side: int) -> None:
    content = saved(Image.fromarray(np.full((side, side), 30_000, np.uint16)), "PNG", transparency=65_535)
    assert abs(int(pixels(content)[0, 0, 0]) - 117) <= 1


@pytest.mark.parametrize("side", [100, 300])
def test_a_transparent_level_of_16_bits_is_laid_on_white(side: int) -> None:
    content = saved(Image.fromarray(np.full((side, side), 30_000, np.uint16)), "PNG", transparency=30_000)
    assert (pixels(content) == 255).all()


@pytest.mark.parametrize("side", [100, 300])
def test_where_white_is_zero_16_bits_are_turned(side: int) -> None:
    grey = Image.fromarray(np.full((side, side), 65_535, np.uint16))
    assert (pixels(saved(grey, "TIFF", tiffinfo={262: 0})) == 0).all()
    assert (pixels(saved(grey, "TIFF")) == 255).all()


def test_samples_that_pillow_cannot_hold_are_no_picture() -> None:
    content = saved(Image.fromarray(np.full((40, 40), -1, np.int32)), "TIFF")
    with pytest.raises(UnusableImage, match="samples of less than 0"):
        pixels(content)
    signed, unsigned = (struct.pack("<HHIHH", 339, 3, 1, kind, 0) for kind in (2, 1))  # the tag SampleFormat
    assert signed in content
    with pytest.raises(UnusableImage, match="samples of more than 2,147,483,647"):
        pixels(content.replace(signed, unsigned))


def test_a_narrow_picture_is_reduced_along_its_length() -> None:
    strip = Image.new("RGBA", (5000, 100), (0, 0, 255, 255))
    assert _reduced(strip, (32, 32)).size == (129, 100)
    assert (pixels(saved(strip, "PNG")) == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (b"just some text", "not an image of a format that is taken"),
        (b"%PDF-1.7 whatever", "not an image of a format that is taken"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image of a format that is taken"),
    ],
)
def test_what_is_no_image(content: bytes, says: str) -> None:
    with pytest.raises(NotAnImage, match=says):
        pixels(content)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_truncated_image_is_unusable(form: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8))
    content = saved(noise, form)
    for left in (len(content) // 2, 20):
        with pytest.raises(UnusableImage):
            pixels(content[:left])


def test_no_bytes_whatever_bring_another_error() -> None:
    rng = np.random.default_rng(1)
    whole = {
        form: saved(Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)), form)
        for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")
    }
    for content in whole.values():
        for _ in range(150):
            broken = bytearray(content)
            for place in rng.integers(0, len(broken), 5):
                broken[place] = rng.integers(0, 256)
            with contextlib.suppress(NotAnImage, UnusableImage, TooLarge):
                pixels(bytes(broken))


def test_a_key_names_a_file_in_the_folder_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "img"
    (root / "pets").mkdir(parents=True)
    (root / "pets" / "cat.jpg").write_bytes(b"cat")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (root / "way-out.jpg").symlink_to(tmp_path / "secret.jpg")
    assert open_key(root, "pets/cat.jpg") == b"cat"
    for key in (
        "dog.jpg",
        "../secret.jpg",
        "pets/../../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "way-out.jpg",
        "pets",
        "",
        ".",
        "a\0b",
        "x" * 5000,
    ):
        with pytest.raises(UnknownKey, match=r"names no file in img/"):
            open_key(root, key)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_encoded_decodes_to_the_same_pixels(channels: int) -> None:
    given = np.random.default_rng(0).integers(0, 256, (32, 24, channels), np.uint8)
    assert np.array_equal(decode(encode(given), (32, 24), max_pixels=10_000, channels=channels), given)


@pytest.mark.parametrize("side", [20, 900])
@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [("1", 1, 255), ("L", 77, 77), ("P", 0, 0), ("RGB", (7, 8, 9), (7, 8, 9)), ("RGBA", (7, 8, 9, 0), 255)],
)
def test_large_and_small_pictures_of_a_mode_look_alike(side: int, mode: str, value: Any, expected: Any) -> None:
    picture = Image.new(mode, (side, side), value)
    if mode == "P":
        picture.putpalette([0, 0, 0])
    assert (pixels(saved(picture, "PNG")) == expected).all()


@pytest.mark.parametrize("side", [20, 900])
def test_dark_sixteen_bit_pictures_stay_dark(side: int) -> None:
    assert pixels(saved(Image.fromarray(np.full((side, side), 200, np.uint16)), "PNG")).max() <= 1


@pytest.mark.parametrize(("value", "expected"), [(0.5, 128), (127.5, 128), (np.nan, 0)])
def test_float_pictures_are_scaled_by_their_brightest(value: float, expected: int) -> None:
    samples = np.full((64, 64), value, np.float32)
    samples[0, 0] = 1.0 if value < 1 else 255.0
    assert abs(int(pixels(saved(Image.fromarray(samples), "TIFF"))[16, 16, 0]) - expected) <= 1


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\1\x03\0\x01\0", b"xx", b"Exif\0\0MM"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_is_left_out(form: str, exif: bytes) -> None:
    assert (pixels(saved(Image.new("RGB", (64, 64)), form, exif=exif)) == 0).all()
