"""An experiment on any table needs its folder alone; what the file offers beside it works too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

TEXT = (REPOSITORY / "experiments" / "bring_your_own.toml").read_text(encoding="utf-8")


def write_flats(folder: Path) -> None:
    """Write a table of numbers with a decimal comma, a category, a date and an id."""
    random = np.random.default_rng(0)
    area, rooms = random.normal(70, 20, size=60).round(1), random.integers(1, 6, size=60)
    table = pd.DataFrame(
        {
            "flat_id": [f"F{row:03}" for row in range(60)],
            "area": area,
            "rooms": rooms,
            "district": random.choice(["north", "south", None], size=60),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 400, 60), "D"),
            "rent": (9.5 * area + 40 * rooms + random.normal(0, 20, size=60)).round(2),
        }
    )
    folder.mkdir()
    table[:50].to_csv(folder / "train.csv", index=False, sep=";", decimal=",")
    table[50:].drop(columns="rent").to_csv(folder / "test.csv", index=False, sep=";", decimal=",")


def test_with_its_input_set_the_file_scores_and_predicts_a_table_nobody_has_seen(
    project: Project,
) -> None:
    write_flats(project.folder / "flats")
    project.configure(TEXT)

    outcome = project.run("--set", "PathConfig.input=flats")

    assert outcome.code == 0, outcome.err
    (run,) = project.top_runs()
    answers = pd.read_csv(project.artifacts(run) / "Prediction" / "test_prediction.csv")
    assert list(answers.columns) == ["flat_id", "rent"]
    assert answers["flat_id"].tolist() == [f"F{row:03}" for row in range(50, 60)]
    assert run.data.metrics["r2"] > 0.9


def test_the_lines_that_it_offers_work_with_their_signs_taken_away(project: Project) -> None:
    before, model = TEXT.split("# A model for most tables")
    offered = re.sub(r"^#(?=[a-z\[])", "", model, flags=re.MULTILINE)
    project.configure(f"{before}#{offered}")

    outcome = project.run("--plan")

    assert outcome.code == 0, outcome.err
    assert "Tuner" in outcome.out
