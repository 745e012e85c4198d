"""What a run tells of its study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.launch.counted_study import CONFIG, make_study

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_grid_is_as_long_as_it_has_points(tmp_path: Path, empty_store: Path) -> None:
    project = make_study(tmp_path / "project", empty_store).project
    line = '{ type = "float", low = 0.0, high = 0.01 }'
    project.configure(CONFIG.replace(line, "[0.0, 0.01]"))

    outcome = project.run("--set", "Tuner.sampler=grid")

    assert outcome.code == 0, outcome.err
    assert "Tuner 2/2 trials" in outcome.out + outcome.err
