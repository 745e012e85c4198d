"""The task of a search: a subclass of it can suggest parameters by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import make_project

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
