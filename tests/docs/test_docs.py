"""The docs tell of what is there, and of nothing that is not."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, cli
from contract.images import SUFFIXES
from contract.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "img").glob("*.md")])


def test_every_setting_is_documented_as_it_is() -> None:
    table = CliRunner().invoke(cli, ["settings", "--markdown"]).output
    assert len(table.splitlines()) == len(fields(Settings)) + 2
    assert table in (ROOT / "docs" / "settings.md").read_text()


def test_every_command_is_documented_and_its_help_begins_with_an_example() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    for name in COMMANDS:
        assert f"kerasq {name}" in page
        shown = CliRunner().invoke(cli, [name, "--help"], prog_name="kerasq")
        assert shown.exit_code == 0
        after_usage = shown.output.split("\n\n")[1].strip()
        assert after_usage.startswith(f"kerasq {name}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_photo_has_its_credit() -> None:
    credits = (ROOT / "img" / "README.md").read_text()
    photos = {path.name for path in (ROOT / "img").iterdir() if path.suffix.lower() in SUFFIXES}
    assert photos and {name for name in photos if f"`{name}`" not in credits} == set()
