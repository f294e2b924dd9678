"""How should a large photo become 32x32? Filters on enlarged validation images, squash against crop on the photos.

    python -m bench.preprocessing            # needs the data sets and the shipped models

The validation images of both data sets are enlarged eight times (bicubic), saved as JPEG of quality 90 and brought back
by each filter; the accuracy of the shipped model on them is compared with its accuracy on the images as they are. The
photos of `img/` are squashed or cut to their middle square first, with each filter.
"""

import argparse
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from contract.card import Cards
from contract.settings import Settings
from training import data
from worker.engines import open_engine
from worker.engines.engine import Engine

Resampling = Image.Resampling
FILTERS = (Resampling.BOX, Resampling.BILINEAR, Resampling.HAMMING, Resampling.BICUBIC, Resampling.LANCZOS)
#: The thing that each photo shows; a photo counts for every model that has the label.
LABELS = {"cup": ("cup",), "cloud": ("cloud",), "mountain": ("mountain",), "truck": ("truck", "pickup_truck")}
SIDE, ENLARGED = 32, 256


def enlarged(image: np.ndarray) -> Image.Image:
    file = io.BytesIO()
    Image.fromarray(image).resize((ENLARGED, ENLARGED), Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return Image.open(file)


def small(picture: Image.Image, method: Resampling, *, crop: bool, draft: int = 0) -> np.ndarray:
    if draft:
        picture.draft("RGB", (SIDE * draft, SIDE * draft))
    picture = picture.convert("RGB")
    if crop:
        picture = ImageOps.fit(picture, (min(picture.size),) * 2)
    return np.asarray(picture.resize((SIDE, SIDE), method))


def accuracy(engine: Engine, pixels: np.ndarray, classes: np.ndarray) -> float:
    return float((engine.predict(pixels).argmax(axis=1) == classes).mean())


def on_validation(name: str, engine: Engine, settings: Settings, count: int) -> Iterator[str]:
    validation = data.load(name, settings.data_dir).validation
    images, classes = validation.images[:count], validation.classes[:count]
    yield f"| {name} | as they are | {accuracy(engine, images, classes):.4f} |"
    for method in FILTERS:
        for draft in (0, 1, 2, 4):
            pixels = np.stack([small(enlarged(image), method, crop=False, draft=draft) for image in images])
            how = f"{method.name.lower()}, JPEG decoded at {f'{draft} x {SIDE} or more' if draft else 'full scale'}"
            yield f"| {name} | {how} | {accuracy(engine, pixels, classes):.4f} |"


def on_photos(name: str, engine: Engine, labels: tuple[str, ...], settings: Settings) -> Iterator[str]:
    photos = sorted(settings.images_dir.glob("*.jpg"))
    known = [path for path in photos if any(label in labels for label in LABELS.get(path.stem, (path.stem,)))]
    for crop in (False, True):
        for method in FILTERS:
            pixels = np.stack([small(Image.open(path), method, crop=crop) for path in known])
            rows = engine.predict(pixels)
            truth = [[i for i, each in enumerate(labels) if each in LABELS.get(p.stem, (p.stem,))] for p in known]
            first = sum(int(row.argmax()) in right for row, right in zip(rows, truth, strict=True))
            mass = np.mean([row[right].sum() for row, right in zip(rows, truth, strict=True)])
            how = f"{'middle square' if crop else 'squashed'}, {method.name.lower()}"
            yield f"| {name} | {how} | {first} of {len(known)} | {mass:.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="validation images to use")
    count = parser.parse_args().count
    settings = Settings.from_env()
    cards = Cards(settings.models_dir)
    engines = {name: open_engine(cards[name], cards.folder / name, settings) for name in ("cifar10", "cifar100")}
    print("| model | enlarged validation images | accuracy |\n| --- | --- | --- |")
    for name, engine in engines.items():
        print("\n".join(on_validation(name, engine, settings, count)), flush=True)
    print("\n| model | photos of img/ | right | mean probability of the right label |\n| --- | --- | --- | --- |")
    for name, engine in engines.items():
        print("\n".join(on_photos(name, engine, cards[name].labels, settings)), flush=True)


if __name__ == "__main__":
    main()
