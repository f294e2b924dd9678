"""Which engines `bench best` gives to a server, and what it makes of their rounds."""

from pathlib import Path

import pytest

from bench import best, environments
from bench.best import INT8, ONNX, OPENVINO
from bench.kerasq import KERASQ
from bench.peers import PEERS

ONNX_FILE = Path("/some/where.onnx")


def test_a_peer_runs_each_engine() -> None:
    variants = best.variants(PEERS["flask"], ONNX_FILE)
    assert list(variants) == [OPENVINO, INT8, ONNX]
    assert variants[ONNX].environment["ONNX_FILE"] == str(ONNX_FILE)
    assert variants[INT8].environment == {**PEERS["flask"].environment, "ENGINE": "int8"}


def test_kerasq_runs_its_own() -> None:
    variants = best.variants(KERASQ["kerasq-wait"], ONNX_FILE)
    assert [each.environment["KERASQ_PRECISION"] for each in variants.values()][1:] == ["int8"]


def test_the_original_is_what_it_is() -> None:
    assert best.variants(PEERS["original"], ONNX_FILE) == {"Keras predict": PEERS["original"]}


def test_each_server_is_taken_at_its_best() -> None:
    found = {
        "kerasq-wait": {OPENVINO: _rounds(900, 1000, 1100), INT8: _rounds(1200, 1200, 1300)},
        "flask": {OPENVINO: _rounds(500), INT8: [{"failure": "it did not come up"}], ONNX: _rounds(600)},
        "original": {"Keras predict": _rounds(20)},
    }
    rows = best.table(found, {key: key for key in found}).rows
    assert rows[0] == [
        "kerasq-wait",
        "1,000 (900–1,100)",
        "1,200 (1,200–1,300)",
        "–",
        INT8,
        "1,200 (1,200–1,300)",
        "1.00",
    ]
    assert rows[1] == ["flask", "500 (500–500)", "–", "600 (600–600)", ONNX, "600 (600–600)", "2.00"]
    assert rows[2] == ["original", "–", "–", "–", "Keras predict", "20.0 (20.0–20.0)", "60.00"]


def test_what_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)
    with pytest.raises(SystemExit):
        best.main(["--only", "flask"])
    assert "bulk-keras, flask: not installed; `python -m bench install` does it" in capsys.readouterr().err


def _rounds(*rates: float) -> list[dict]:
    return [{"loads": [{"clients": best.CLIENTS, "requests_s": rate}]} for rate in rates]
