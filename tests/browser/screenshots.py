"""Take the README's pictures of the page from a running kerasq.

python -m tests.browser.screenshots [http://127.0.0.1:5000] [docs/screenshots] [model]
"""

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.browser.chromium import launched

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ("truck", "frog", "airplane", "horse", "deer", "cat", "automobile", "dog")
#: name, width, height, scale, colour scheme, photos
SHOTS = (
    ("light", 1280, 1400, 1, "light", 4),
    ("dark", 1280, 1400, 1, "dark", 4),
    ("narrow", 320, 1480, 2, "light", 3),
)
MOST_BYTES = 200_000


def shoot(browser: Any, url: str, model: str, shot: tuple[str, int, int, int, str, int], folder: Path) -> Path:
    name, width, height, scale, scheme, photos = shot
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/?model={model}")
    page.locator("body.ready").wait_for()
    page.set_input_files("#files", [ROOT / "img" / f"{photo}.jpg" for photo in PHOTOS[:photos]])
    page.locator(f"#photos > .tile[data-state=answered] >> nth={photos - 1}").wait_for(timeout=60_000)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(2500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    return save(picture, folder / f"{name}.png")


def save(picture: Image.Image, path: Path) -> Path:
    """As PNG with as many colours as keep it below the limit."""
    for colours, dither in ((256, Image.Dither.FLOYDSTEINBERG), (256, Image.Dither.NONE), (128, Image.Dither.NONE)):
        palette = picture.convert("RGB").quantize(colours, kmeans=2)
        picture.convert("RGB").quantize(palette=palette, dither=dither).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    return path


def main() -> None:
    url, folder, model = (*sys.argv[1:], *("http://127.0.0.1:5000", "docs/screenshots", "cifar10")[len(sys.argv) - 1 :])
    Path(folder).mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        for shot in SHOTS:
            path = shoot(browser, url, model, shot, Path(folder))
            print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
