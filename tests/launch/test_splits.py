"""Held-out rows, a splitter of one's own and a test file with the target, as the page describes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.launch.experiment.test_own_tasks import snippets

if TYPE_CHECKING:
    from tests.conftest import Check, Project

HEADER = "patient,date,x,y\n"
TRAIN = [
    f"p{row % 12},2024-{1 + row // 28:02}-{1 + row % 28:02},{row % 7},{row % 2}\n"
    for row in range(120)
]
CONFIG = """\
[PathConfig]
input = "input/patients"
[Dataset]
target = "y"
group = "patient"
holdout = 0.25
"""


def test_the_tables_of_the_page_are_sound(check: Check) -> None:
    check.train(HEADER + "".join(TRAIN))
    check.test("patient,date,x\np99,2025-01-01,1\n")
    pages = [text for text in snippets("data.md", "toml") if "my_split" not in text]
    base = check.folder / "luigi.toml"
    said = [text for text in pages if "group" in text or "cv =" in text]

    assert len(said) >= 3
    for number, text in enumerate(said):
        overlay = check.project.write(f"page{number}.toml", text)

        experiment = check.load("--config", str(base), "--config", str(overlay))

        assert experiment.tables["Tuner"]["splits"]


@pytest.mark.slow
def test_what_the_page_describes_is_what_a_run_does(project: Project) -> None:
    (splitter,) = [code for code in snippets("data.md", "python") if "class Half" in code]
    (cv,) = [text for text in snippets("data.md", "toml") if "my_split" in text]
    project.write("src/tasks/my_split.py", splitter)
    project.write("input/patients/train.csv", HEADER + "".join(TRAIN[:100]))
    project.write("input/patients/test.csv", HEADER + "".join(TRAIN[100:]))
    project.configure(CONFIG)
    project.write("cv.toml", cv)

    outcome = project.run("--config", "luigi.toml", "--config", "cv.toml")

    assert outcome.code == 0, outcome.err
    run = project.top_runs()[0]
    folder = project.artifacts(run)
    scores = json.loads((folder / "Evaluator" / "scores.json").read_text())
    assert [len(scores[name]) for name in ("accuracy", "holdout.accuracy", "test.accuracy")] == [
        2,
        1,
        1,
    ]
    assert run.data.metrics["holdout.accuracy"] == scores["holdout.accuracy"][0]
    assert "holdout.accuracy" in outcome.out
    assert "patient" not in (folder / "Trainer" / "model" / "MLmodel").read_text()
    assert (folder / "Prediction" / "test_prediction.csv").read_text().count("\n") == 21
    report = (folder / "Evaluator" / "report.html").read_text()
    assert "Held out" in report
    assert "Test file" in report
    code = project.manifest(run, "Evaluator")["ingredients"]["code"]
    assert "tasks.my_split:Half" in code
    assert "tasks.my_split:Half" not in project.manifest(run, "Preprocessor")["ingredients"]["code"]
