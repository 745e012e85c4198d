"""The task of a search: a subclass of it can suggest parameters by itself."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.conftest import QUICK, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIG = """\
[RunConfig]
experiment_name = "titanic"
task = "Deeper"

[PathConfig]
input = "./input/titanic/"

[Preprocessor]
drop_columns = ["Name", "Ticket", "Cabin", "Sex", "Embarked"]

[Deeper]
n_trials = 2
n_folds = 2

[Deeper.search_space]
ccp_alpha = { type = "float", low = 0.0, high = 0.01 }

[Trainer]
estimator = "sklearn.tree.DecisionTreeClassifier"
"""
TASK = """\
from tasks.tuner import Tuner


class Deeper(Tuner):
    def suggest(self, trial):
        with open("suggested.txt", "a") as file:
            file.write("1")
        return super().suggest(trial) | {"max_depth": trial.suggest_int("max_depth", 2, 4)}
"""


def test_a_tuner_that_suggests_more_than_its_space_goes_on(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_project(tmp_path / "project", empty_store)
    project.configure(CONFIG)
    project.write("src/tasks/deeper.py", TASK)
    first = project.run()
    assert first.code == 0, first.err

    second = project.run("--set", "Deeper.n_trials=3")

    assert second.code == 0, second.err
    assert (project.folder / "suggested.txt").read_text() == 3 * "1"


def test_the_report_shows_the_front_of_a_study_with_two_objectives(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_project(tmp_path / "project", empty_store)

    outcome = project.run(*QUICK, "--set", 'Tuner.scoring=["accuracy", "fit_time"]')

    assert outcome.code == 0, outcome.err
    artifacts = project.artifacts(project.top_runs()[0])
    page = (artifacts / "Evaluator" / "report.html").read_text(encoding="utf-8")
    plot = (artifacts / "Tuner" / "plots" / "pareto_front.png").read_bytes()
    assert "Pareto front" in page
    assert base64.b64encode(plot).decode() in page
