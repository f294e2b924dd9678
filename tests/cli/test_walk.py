import os
from collections import Counter
from pathlib import Path

from cli.walk import shown, walk


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_come_by_name_then_folders_by_name(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("z.png", "a.JPG", "b/2.png", "b/1.webp", "a/9.gif", "notes.txt")))
    found = [os.path.relpath(path, tmp_path) for path in walk([str(tmp_path)])]
    assert found == ["a.JPG", "z.png", "a/9.gif", "b/1.webp", "b/2.png"]


def test_hidden_entries_and_links_to_folders_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "x.png", tmp_path / "in" / ".y.png", tmp_path / "in" / ".git" / "z.png")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "loop.png").symlink_to(tmp_path / "in")
    assert list(walk([str(tmp_path / "in")])) == [str(tmp_path / "in" / "x.png")]


def test_a_file_that_is_named_is_always_tried(tmp_path: Path) -> None:
    touch(tmp_path / ".hidden" / "notes.txt")
    named = str(tmp_path / ".hidden" / "notes.txt")
    assert list(walk([named])) == [named]


def test_paths_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a.png", "b.png", "sub/c.png", ".hidden/d.png")))
    top = str(tmp_path)
    found = list(walk([top, f"{top}/sub", f"{top}/b.png", f"{top}/b.png", f"{top}/.hidden"]))
    assert list(walk([f"{top}/sub", f"{top}/./sub", f"{top}/sub/c.png"])) == [f"{top}/sub/c.png"]
    assert sorted(found) == [f"{top}/{name}" for name in (".hidden/d.png", "a.png", "b.png", "sub/c.png")]


def test_a_folder_that_cannot_be_listed_comes_out_itself(tmp_path: Path, monkeypatch) -> None:
    touch(tmp_path / "a" / "1.png", tmp_path / "b" / "2.png")
    listed = os.scandir

    def refuse(path: str):
        if str(path).endswith("/a"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(walk([str(tmp_path)])) == [f"{tmp_path}/a", f"{tmp_path}/b/2.png"]


def test_folders_are_listed_when_their_turn_comes(tmp_path: Path, monkeypatch) -> None:
    touch(*(tmp_path / f"{number:03}" / "x.png" for number in range(100)))
    listed, times = os.scandir, []
    monkeypatch.setattr(os, "scandir", lambda path: times.append(path) or listed(path))
    files = walk([str(tmp_path)])
    next(files)
    assert len(times) == 2


def test_a_name_that_is_no_text_can_be_shown() -> None:
    assert shown(os.fsdecode(b"caf\xe9.png")) == "caf\\xe9.png"
    assert shown("café.png") == "café.png"


def test_a_link_that_leads_nowhere_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    touch(tmp_path / "a.png", tmp_path / "sub" / "b.png")
    (tmp_path / "self.png").symlink_to("self.png")
    (tmp_path / "under.png").symlink_to("a.png/x")
    found = [os.path.relpath(path, tmp_path) for path in walk([str(tmp_path)])]
    assert found == ["a.png", "self.png", "under.png", "sub/b.png"]


def test_what_is_left_out_is_counted_by_its_suffix(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("a.HEIC", "b.heic", "c.txt", "LICENSE", "d.png", ".hidden", "in/e.avif")))
    (tmp_path / "link").symlink_to(tmp_path / "in")
    left = Counter[str]()
    assert [Path(path).name for path in walk([str(tmp_path)], left)] == ["d.png"]
    assert left == {".heic": 2, ".txt": 1, "": 1, ".avif": 1}
    named = Counter[str]()
    assert len(list(walk([str(tmp_path), str(tmp_path / "c.txt")], named))) == 2
    assert named == {".heic": 2, "": 1, ".avif": 1}
