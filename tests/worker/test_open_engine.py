"""What a worker refuses to serve: each wrong folder is one sentence, before the first job."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from contract.card import WEIGHTS, Card, Input, sha256
from contract.errors import BadModel
from contract.settings import Settings
from worker.__main__ import main
from worker.engines import open_engine
from worker.engines.openvino import OpenVinoEngine, cut

SETTINGS = replace(Settings(), engine="openvino", batch_max=8)


def write(models: Path, *, shape: tuple = (-1, 6, 4, 1), dtype: type = np.uint8, answers: str = "softmax") -> Path:
    """A model of two classes, dark and bright, that OpenVINO really runs, and a card that says what is usual."""
    pixels = ops.parameter(list(shape), dtype, name="pixels")
    mean = ops.unsqueeze(ops.reduce_mean(ops.convert(pixels, "f32"), np.array([1, 2, 3])), np.array(1))
    scores = ops.multiply(ops.subtract(mean, np.float32(128)), ops.constant(np.array([[-1, 1]], np.float32)))
    given = ops.softmax(scores, axis=1) if answers == "softmax" else ops.relu(scores)
    folder = models / "shade"
    folder.mkdir()
    ov.save_model(ov.Model([given], [pixels], "shade"), folder / "openvino.xml", compress_to_fp16=False)
    (folder / WEIGHTS).write_bytes(b"not really")
    files = {file: sha256(folder / file) for file in (WEIGHTS, "openvino.xml", "openvino.bin")}
    taken = Input(height=6, width=4, channels=1)
    Card(name="shade", labels=("dark", "bright"), input=taken, files=files).write(folder)
    return folder


def opened(folder: Path) -> object:
    return open_engine(Card.read(folder), folder, SETTINGS)


def test_a_model_of_grey_pictures_is_served(tmp_path: Path) -> None:
    engine = opened(write(tmp_path))
    assert engine.path == tmp_path / "shade" / "openvino.xml"
    dark, bright = engine.predict(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(6, 1).repeat(4, 2))
    assert dark[0] > 0.99 and bright[1] > 0.99


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 16, 17, 33, 64, 100])
def test_however_a_batch_is_cut_each_image_has_its_own_answer(tmp_path: Path, lanes: int, count: int) -> None:
    engine = OpenVinoEngine(write(tmp_path), replace(SETTINGS, precision="float32", engine_threads=lanes))
    grey = np.resize(np.arange(126, 131, dtype=np.uint8), count)
    answers = engine.predict(grey.reshape(-1, 1, 1, 1).repeat(6, 1).repeat(4, 2))
    assert np.allclose(answers[:, 1], 1 / (1 + np.exp(2 * (128 - grey.astype(np.float64)))), atol=1e-6)


@pytest.mark.parametrize(
    ("images", "large", "pieces"),
    [
        (16, 32, [16]),
        (24, 32, [16, 8]),
        (32, 32, [16, 16]),
        (48, 32, [32, 16]),
        (100, 32, [32, 32, 32, 4]),
        (64, 16, [16, 16, 16, 16]),
    ],
)
def test_a_large_batch_is_cut_for_two_lanes(images: int, large: int, pieces: list[int]) -> None:
    batch = np.arange(images)
    found = cut(batch, 2, large)
    assert [len(piece) for piece in found] == pieces
    assert np.concatenate(found).tolist() == batch.tolist()


class Lane:
    """Runs from its start until it is waited for, like OpenVINO's, and may fail then."""

    def __init__(self, *, fails: bool) -> None:
        self.fails, self.runs = fails, False

    def start_async(self, inputs: list[np.ndarray], share_inputs: bool) -> None:
        assert not self.runs, "Infer Request is busy"
        self.runs = True

    def wait(self) -> None:
        self.runs = False
        if self.fails:
            raise RuntimeError("no memory")


def test_a_lane_that_fails_leaves_no_other_one_running(tmp_path: Path) -> None:
    engine = OpenVinoEngine(write(tmp_path), replace(SETTINGS, precision="float32", engine_threads=2))
    engine._lanes = [Lane(fails=True), Lane(fails=False)]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no memory"):
            engine.predict(np.zeros((64, 6, 4, 1), np.uint8))
    assert not any(lane.runs for lane in engine._lanes)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"answers": "scores"}, "expected probabilities, as a softmax gives them, found outputs from 0 on"),
        ({"dtype": np.float32}, "expected an input of uint8 in batches of any size, found .*f32"),
        ({"shape": (1, 6, 4, 1)}, "expected an input of uint8 in batches of any size, found .*1,6,4,1"),
        ({"shape": (-1, 6, 4, 3)}, r"expected an input of \(6, 4, 1\), found \(6, 4, 3\)"),
        ({"shape": (-1, -1, 4, 1)}, r"expected an input of \(6, 4, 1\), found \(-1, 4, 1\)"),
    ],
)
def test_a_model_that_is_not_as_its_card_says(tmp_path: Path, wrong: dict, says: str) -> None:
    folder = write(tmp_path, **wrong)
    with pytest.raises(BadModel, match=rf"shade/openvino\.xml: {says}"):
        opened(folder)


def test_a_label_too_many(tmp_path: Path) -> None:
    folder = write(tmp_path)
    replace(Card.read(folder), labels=("dark", "dim", "bright")).write(folder)
    with pytest.raises(BadModel, match=r"openvino\.xml: expected 3 outputs, one a label, found 2"):
        opened(folder)


@pytest.mark.parametrize("file", ["openvino.bin", "openvino.xml", WEIGHTS])
def test_the_worker_ends_before_the_first_job(
    tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    path = write(tmp_path) / file
    monkeypatch.setenv("KERASQ_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("KERASQ_ENGINE", "openvino")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert main([]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"worker: {path}: expected sha256 ") and said.count("\n") == 1
    path.unlink()
    assert main([]) == 2
    assert capsys.readouterr().err == f"worker: {path}: expected a file, found none\n"
