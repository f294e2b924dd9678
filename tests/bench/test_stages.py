"""What `bench stages` makes of its rounds."""

from dataclasses import asdict
from pathlib import Path

from bench import stages
from bench.plots import draw

ROUNDS = {
    name: [dict.fromkeys(stages.STAGES, each) for each in (1.0, 3.0, 2.0)] for name in (stages.NOW, stages.BEFORE)
}


def test_the_stages_add_up_to_the_whole() -> None:
    table = stages.stage_table(ROUNDS)
    assert [row[0] for row in table.rows] == [*stages.STAGES, "all"]
    assert table.rows[0][1] == "2.00 (1.00–3.00)"
    assert table.rows[-1][2] == "8.00 (4.00–12.0)"


def test_the_picture_has_a_bar_of_parts_for_each_version(tmp_path: Path) -> None:
    plot = stages.plot(ROUNDS)
    assert plot.stacks[stages.NOW] == dict.fromkeys(stages.STAGES, 2.0)
    assert draw(asdict(plot), tmp_path).stat().st_size > 10_000
