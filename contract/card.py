"""A model's card: the contract between the one who trained a model and the one who serves it."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any

from contract.errors import BadModel, UnknownModel

CARD = "card.json"
#: Of the engine that runs on CPUs; its weights lie beside it.
ENGINE_FILE = "openvino.xml"
WEIGHTS = "model.keras"
#: Most values of an image: a message of 256 images is one value in Redis, which takes 512 MiB.
VALUES = 2_000_000
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
#: Names that a model cannot have: the API uses them.
RESERVED = frozenset({"jobs", "models", "healthz", "readyz", "metrics", "docs", "static", "queues", "samples", "v2"})


@dataclass(frozen=True, kw_only=True)
class Input:
    """The pixels a model takes, uint8: red, green and blue, or grey alone."""

    height: int
    width: int
    channels: int = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def check(self, where: object) -> None:
        """Raises BadModel, naming `where` it is from, for what no message can carry or no picture is decoded to."""
        whole = all(isinstance(n, int) and 0 < n <= 4096 for n in self.shape)
        _must(whole, where, "an input of 1 to 4096 pixels a side", self.shape)
        _must(math.prod(self.shape) <= VALUES, where, f"an input of at most {VALUES:,} values", self.shape)
        _must(self.channels in (1, 3), where, "an input of 1 or 3 channels", self.channels)


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a model is: its labels in the order of its outputs, its input, its files with their sha256, its figures."""

    name: str
    labels: tuple[str, ...]
    input: Input
    files: Mapping[str, str]
    parameters: Mapping[str, int] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    #: What the model is for, and what it is not for, in words.
    limits: str = ""

    @cached_property
    def version(self) -> str:
        """The weights' sha256: what changes when the model does."""
        return self.files[WEIGHTS]

    @classmethod
    def read(cls, folder: Path) -> "Card":
        """Read and check the card in `folder`. Raises BadModel with one sentence saying what is wrong."""
        path = folder / CARD
        try:
            content = json.loads(path.read_text(), parse_constant=_no_number)
            json.dumps(content, ensure_ascii=False).encode()  # half a character is JSON, but no text
        except OSError as error:
            raise BadModel(f"{path}: expected a model's card, found none that can be read ({error.strerror})") from None
        except ValueError as error:
            raise BadModel(f"{path}: expected JSON, found something else ({error})") from None
        try:
            _must(isinstance(content["labels"], list), path, "a list of labels", content["labels"])
            card = cls(**{**content, "labels": tuple(content["labels"]), "input": Input(**content["input"])})
        except (KeyError, TypeError, AttributeError) as error:
            raise BadModel(f"{path}: expected the fields of a card, found otherwise ({error})") from None
        card.check(path)
        return card

    def check(self, path: Path) -> None:
        """Raises BadModel, naming `path`, for a card that cannot stand there."""
        folder = path.parent.name
        _must(self.name == folder, path, f"the name of its folder, {folder!r}", self.name)
        check_name(self.name, path)
        check_labels(self.labels, path)
        self.input.check(path)
        _must(_maps(self.files, str) and WEIGHTS in self.files, path, f"a sha256 of {WEIGHTS}", self.files)
        _must(_maps(self.parameters, int), path, "numbers of parameters", self.parameters)
        _must(_maps(self.training, object), path, "facts of the training", self.training)
        tests: Any = self.metrics.get("test", {}) if _maps(self.metrics, object) else None
        _must(isinstance(tests, dict), path, "metrics, those of the test images in an object 'test'", self.metrics)
        per_class = tests.get("per_class", {})
        figures = {name: figure for name, figure in tests.items() if name != "per_class"}
        _must(_maps(figures, int | float) and _maps(per_class, int | float), path, "figures that are numbers", tests)
        _must(0 <= figures.get("accuracy", 0) <= 1, path, "an accuracy of 0 to 1", figures.get("accuracy"))
        _must(isinstance(self.limits, str), path, "limits in words", self.limits)

    def write(self, folder: Path) -> None:
        (folder / CARD).write_text(json.dumps(asdict(self), indent=2) + "\n")

    def verify(self, folder: Path) -> None:
        """Compare every file with its sha256. Raises BadModel naming the file, what was expected and what was found."""
        for name, expected in self.files.items():
            path = folder / name
            if not path.is_file():
                raise BadModel(f"{path}: expected a file, found none")
            if (found := sha256(path)) != expected:
                raise BadModel(f"{path}: expected sha256 {expected}, found {found}")


def _maps(fields: object, kind: type | UnionType) -> bool:
    return isinstance(fields, dict) and all(isinstance(value, kind) for value in fields.values())


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def check_name(name: str, where: object) -> None:
    """Raises BadModel, naming `where` the name is from, for a name that no model can have."""
    _must(bool(NAME.fullmatch(name)), where, "a name of small letters, digits and hyphens, at most 63", name)
    _must(name not in RESERVED, where, f"a name other than {', '.join(sorted(RESERVED))}", name)


def check_labels(labels: Sequence[str], where: object) -> None:
    """Raises BadModel, naming `where` the labels are from, unless they are at least two and tell classes apart."""
    _must(len(labels) > 1, where, "at least two labels", labels)
    strange = [label for label in labels if not isinstance(label, str) or not label]
    _must(not strange, where, "labels that are words", strange and strange[0])
    twice = [label for label, times in Counter(labels).items() if times > 1]
    if twice:
        raise BadModel(f"{where}: expected labels that differ, found {twice[0]!r} twice")


def _must(true: bool, where: object, expected: str, found: object) -> None:
    if not true:
        raise BadModel(f"{where}: expected {expected}, found {found!r}")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Cards(Mapping[str, Card]):
    """The cards of the models in a folder, by name: of those in `only`, such as "cifar10,cifar100", or of all.

    Raises BadModel for the first that is wrong, UnknownModel for a name that is not there.
    """

    def __init__(self, folder: Path, only: str = "") -> None:
        self.folder = folder
        # Hidden folders are no models: one that is being published is in one.
        found = sorted(path.parent.name for path in folder.glob(f"[!.]*/{CARD}"))
        names = [name.strip() for name in only.split(",") if name.strip()] or found
        if missing := [name for name in names if name not in found]:
            holds = ", ".join(found) or "none"
            raise UnknownModel(f"of the models to serve {missing[0]!r} is not in {folder}, which holds: {holds}")
        self._cards = {name: Card.read(folder / name) for name in names}

    def __getitem__(self, name: str) -> Card:
        try:
            return self._cards[name]
        except KeyError:
            served = ", ".join(self._cards) or "none"
            raise UnknownModel(f"{name!r} is not a model here; served: {served}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __contains__(self, name: object) -> bool:
        return name in self._cards

    def __len__(self) -> int:
        return len(self._cards)

    def demand(self) -> None:
        """Raise BadModel if there is no model at all."""
        if not self._cards:
            raise BadModel(f"{self.folder} holds no model; a model is a folder with a card.json")

    def verify(self) -> None:
        for name, card in self._cards.items():
            card.verify(self.folder / name)
