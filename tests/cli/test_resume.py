from pathlib import Path

import pytest

from cli.output import Csv, Ndjson
from cli.resume import Done, hash_of, resume
from contract.errors import KerasqError
from contract.jobs import Prediction, Result

GOOD = Result(predictions=(Prediction(label="cat", probability=0.9), Prediction(label="dog", probability=0.1)))
BAD = Result(error=("Not an image", "0 bytes"))
ROWS = [("a.png", GOOD), ("b\rb.png", GOOD), ('b "x",\nc.png', GOOD), ("bad.png", BAD), ("d.png", GOOD)]


@pytest.fixture(params=["ndjson", "csv"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param


def write(path: Path, form: str, rows: list) -> bytes:
    with path.open("wb") as file:
        (Ndjson(file, "pets") if form == "ndjson" else Csv(file, "pets", 2)).write(rows)
    return path.read_bytes()


def names(done: Done, rows: list = ROWS) -> list[str]:
    return [file for file, _ in rows if file in done]


def test_what_succeeded_is_done_and_what_failed_goes(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    write(path, form, ROWS)
    done = resume(path, form, "pets", 2)
    assert names(done) == ["a.png", "b\rb.png", 'b "x",\nc.png', "d.png"]
    assert len(done) == 4
    assert path.read_bytes() == write(tmp_path / "expected", form, [row for row in ROWS if row[1] is GOOD])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["expected", "out"]


def test_an_output_behind_a_link_is_replaced_where_it_lies(tmp_path: Path, form: str) -> None:
    (tmp_path / "far").mkdir()
    write(tmp_path / "far" / "out", form, ROWS)
    (tmp_path / "out").symlink_to(tmp_path / "far" / "out")
    assert len(resume(tmp_path / "out", form, "pets", 2)) == 4
    assert (tmp_path / "out").is_symlink()
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["far", "out", "out"]


def test_a_torn_line_is_cut_off_wherever_it_is_torn(tmp_path: Path, form: str) -> None:
    rows = [("a.png", GOOD), ('b "x",\nc.png', GOOD)]
    path = tmp_path / "out"
    whole, one, none = (write(path, form, rows[:count]) for count in (2, 1, 0))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        done = resume(path, form, "pets", 2)
        expected = one if length >= len(one) else none if length >= len(none) else b""
        assert path.read_bytes() in (expected, none)
        assert names(done) == (["a.png"] if length >= len(one) else [])


def test_a_whole_file_is_left_alone(tmp_path: Path, form: str) -> None:
    path = tmp_path / "out"
    write(path, form, ROWS[:2])
    before = path.stat().st_ino
    resume(path, form, "pets", 2)
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "content", [b"Dear diary\n", b"Dear diary", b'{"file": 1}\n', b"[]\n", b"file,model,label_1\n", b"\0"]
)
def test_a_file_of_another_kind_is_refused_and_kept(tmp_path: Path, form: str, content: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(content)
    with pytest.raises(KerasqError, match="not one that kerasq wrote"):
        resume(path, form, "pets", 2)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_results_of_another_model_are_refused(tmp_path: Path, form: str) -> None:
    write(tmp_path / "out", form, ROWS)
    with pytest.raises(KerasqError, match="holds results of pets, not of pets-large"):
        resume(tmp_path / "out", form, "pets-large", 2)


def test_another_top_is_refused(tmp_path: Path, form: str) -> None:
    write(tmp_path / "out", form, ROWS)
    with pytest.raises(KerasqError, match="holds 2 predictions a file, not 1;"):
        resume(tmp_path / "out", form, "pets", 1)


def test_many_hashes_are_found() -> None:
    from array import array

    files = [f"photos/{number}.png" for number in range(5000)]
    done = Done(array("Q", map(hash_of, files)))
    assert all(file in done for file in files)
    assert not any(f"{file}x" in done for file in files)
