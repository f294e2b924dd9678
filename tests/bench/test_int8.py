"""What int8 costs, in points."""

import pytest

pytest.importorskip("keras")

from pathlib import Path

from bench import int8
from bench.int8 import BATCHES, Found
from contract.card import WEIGHTS, Card, Input, sha256

RATES = {name: {batch: [100.0, 200.0] for batch in BATCHES} for name in ("float32", "int8")}
FOUND = {
    "cifar10": Found(float32=0.9072, int8=0.9066, agreement=0.9936, rates=RATES),
    "cifar100": Found(float32=0.6768, int8=0.6738, agreement=0.9646, rates=RATES),
}


def test_the_loss_is_in_percentage_points() -> None:
    assert FOUND["cifar10"].lost == pytest.approx(0.06)
    assert [bar.met for bar in int8.bars(FOUND)] == [True, False]


def test_ten_images_of_five_thousand_are_no_more_than_may_be_lost() -> None:
    assert Found(float32=0.7248, int8=0.7228, agreement=0.97, rates=RATES).lost <= int8.LOSS


def test_both_precisions_have_a_row_for_each_model() -> None:
    assert [row[0] for row in int8.speed_table(FOUND).rows] == [
        *("cifar10, float32", "cifar10, int8"),
        *("cifar100, float32", "cifar100, int8"),
    ]
    assert int8.accuracy_table(FOUND).rows[1] == ["cifar100", "0.6768", "0.6738", "0.30", "0.9646"]


def test_what_is_kept_is_named_in_the_card(tmp_path: Path) -> None:
    folder, work = tmp_path / "shapes", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    (folder / WEIGHTS).write_bytes(b"not really")
    files = {WEIGHTS: sha256(folder / WEIGHTS)}
    card = Card(name="shapes", labels=("circle", "square"), input=Input(height=8, width=8), files=files)
    for file in int8.FILES:
        (work / file).write_bytes(file.encode())
    int8.keep(card, folder, work)
    kept = Card.read(folder)
    assert set(kept.files) == {WEIGHTS, "openvino-int8.xml", "openvino-int8.bin"}
    kept.verify(folder)
