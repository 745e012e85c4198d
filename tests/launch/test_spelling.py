"""Predictions have the ids and classes of the files, to the last zero (C1, C2, C3, C14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.slow

IDS = ["007", "7", "100E0", "+49000100", "NA", "1.0"]
CLASSES = ["TRUE", "None"]


def test_ids_and_classes_are_predicted_as_they_are_spelt(project: Project) -> None:
    folder = project.folder / "input" / "odd"
    folder.mkdir()
    rows = [f"{row};2024-0{1 + row % 2}-03;{row % 2},5;{CLASSES[row % 2]}" for row in range(40)]
    (folder / "train.csv").write_text("id;day;x;y\n" + "\n".join(rows) + "\n")
    tests = [f"{name};2024-0{1 + row % 2}-03;{row % 2},5" for row, name in enumerate(IDS)]
    (folder / "test.csv").write_text("id;day;x\n" + "\n".join(tests) + "\n")
    project.configure('[PathConfig]\ninput = "input/odd"\n[RunConfig]\ntask = "Prediction"\n')

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    (run,) = project.top_runs()
    written = (project.artifacts(run) / "Prediction" / "test_prediction.csv").read_text()
    expected = [f"{name},{CLASSES[row % 2]}" for row, name in enumerate(IDS)]
    assert written.splitlines() == ["id,y", *expected]
    schema = json.loads((project.artifacts(run) / "Preprocessor" / "schema.json").read_text())
    roles = {one["name"]: one["role"] for one in schema["columns"]}
    assert roles == {"id": "id", "day": "date", "x": "number", "y": "target"}
    log = (project.artifacts(run) / "console.log").read_text()
    assert "train.csv, test.csv: separated by semicolon, decimal comma" in log
