"""The same pictures, every time."""

import io
from pathlib import Path

from PIL import Image

from bench.pictures import pngs, write_photos, write_pngs


def test_pngs_are_small_different_and_the_same_again() -> None:
    found = pngs(20)
    assert len(set(found)) == 20
    assert found == pngs(20)
    assert {Image.open(io.BytesIO(each)).size for each in found} == {(32, 32)}


def test_files(tmp_path: Path) -> None:
    assert [path.name for path in write_pngs(tmp_path / "small", 2)] == ["00000.png", "00001.png"]
    (photo,) = write_photos(tmp_path / "large", 1)
    with Image.open(photo) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1632, 1224))
