"""The test images as a folder of PNGs, and the accuracy of what `kerasq classify` said of it.

python -m bench.folder write cifar10 /tmp/cifar10
kerasq classify /tmp/cifar10 --model cifar10 -o /tmp/cifar10.ndjson
python -m bench.folder count /tmp/cifar10.ndjson
"""

import argparse
import json
from pathlib import Path

from PIL import Image

from contract.settings import Settings
from training import data


def write(name: str, folder: Path) -> str:
    """A sub-folder for each label, as `training evaluate --folder` reads it, too."""
    dataset = data.load(name, Settings.from_env().data_dir)
    for number, (image, label) in enumerate(zip(dataset.test.images, dataset.test.classes, strict=True)):
        path = folder / dataset.labels[label] / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return f"{len(dataset.test.classes):,} images in {folder}"


def count(results: Path) -> str:
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    ranks = [[each["label"] for each in line.get("predictions", [])] for line in lines]
    truth = [Path(line["file"]).parent.name for line in lines]
    first = sum(rank[:1] == [label] for rank, label in zip(ranks, truth, strict=True))
    three = sum(label in rank[:3] for rank, label in zip(ranks, truth, strict=True))
    files = len({line["file"] for line in lines})
    shares = f"first right {first / len(lines):.4f}, in top 3 {three / len(lines):.4f}"
    return f"{len(lines):,} lines, {files:,} files; {shares}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write")
    writing.add_argument("name", choices=list(data.FOLDERS))
    writing.add_argument("folder", type=Path)
    commands.add_parser("count").add_argument("results", type=Path)
    options = parser.parse_args()
    print(write(options.name, options.folder) if options.command == "write" else count(options.results))


if __name__ == "__main__":
    main()
