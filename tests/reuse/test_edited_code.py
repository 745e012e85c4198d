"""Edits of code that is imported late, and of code while a run is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

GROWN = """\
from runforest.foundation.importing import import_object
from runforest.foundation.parameters import ImportPathParameter
from runforest.run_task import RunTask


class Grown(RunTask):
    model = ImportPathParameter(description="A class of the project.")

    def output(self):
        return self.artifact("grown.txt")

    def compute(self):
        from features import encoders

        self.output().save(encoders.encode(import_object(self.model)().grow()))
"""
GROWN_CONFIG = """\
[RunConfig]
experiment_name = "grown"
task = "Grown"
[Grown]
model = "mymodels.forest.Forest"
"""
LATE_MODULES = {
    "src/features/__init__.py": "",
    "src/features/encoders.py": "def encode(text):\n    return text.upper()\n",
    "src/mymodels/__init__.py": "",
    "src/mymodels/forest.py": (
        "from . import trees\n\n\n"
        "class Forest:\n    def grow(self):\n        return trees.plant()\n"
    ),
    "src/mymodels/trees.py": "def plant():\n    return 'tree'\n",
}


@pytest.fixture
def grown_project(project: Project) -> Project:
    """Return a project that ran once, of a task that imports its modules when it computes."""
    for name, source in LATE_MODULES.items():
        project.write(name, source)
    project.write("src/tasks/grown.py", GROWN)
    project.configure(GROWN_CONFIG)
    outcome = project.run()
    assert outcome.code == 0, outcome.err
    return project


def test_modules_that_are_imported_late_count_from_the_first_plan_on(
    grown_project: Project,
) -> None:
    unchanged = grown_project.run("--plan").out
    encode = LATE_MODULES["src/features/encoders.py"]
    encoders = grown_project.write("src/features/encoders.py", encode.replace("upper", "title"))
    encoded = grown_project.run("--plan").out
    encoders.write_text(encode, encoding="utf-8")
    grown_project.write("src/mymodels/trees.py", "def plant():\n    return 'oak'\n")
    planted = grown_project.run("--plan").out

    assert "reuse" in unchanged, unchanged
    assert "code of features.encoders.encode changed" in encoded
    assert "code of mymodels.trees.plant changed" in planted


TELLING = """\
from runforest.run_task import RunTask


class Telling(RunTask):
    def output(self):
        return self.artifact("told.txt")

    def compute(self):
        from runforest.evaluation import report

        self.output().save(report.__name__)
"""


def test_the_template_of_the_report_counts_with_the_code_that_fills_it_in(
    project: Project,
) -> None:
    project.write("src/tasks/telling.py", TELLING)
    project.configure('[RunConfig]\ntask = "Telling"\n')
    project.run()
    template = project.folder / "src" / "runforest" / "evaluation" / "report.html.jinja"
    template.write_text(f"{template.read_text()}<!-- The end. -->\n")

    plan = project.run("--plan").out

    assert "code of runforest.evaluation.report.report.html.jinja changed" in plan


EDITING = """\
import os
from pathlib import Path

from runforest.run_task import RunTask

SOURCES = Path(__file__).parents[1]


class Editing(RunTask):
    def output(self):
        return self.artifact("done.txt")

    def compute(self):
        for name in os.environ["EDITED"].split():
            path = SOURCES / name
            path.write_text(path.read_text().replace("old", "new"))
        self.output().save("done")
"""
EDITED = """\
from runforest.run_task import RunTask, requires
from tasks.editing import Editing

VALUE = "old"


@requires(Editing)
class Edited(RunTask):
    def output(self):
        return self.artifact("value.txt")

    def compute(self):
        from later import LATER

        self.output().save(f"{VALUE} {LATER}")
"""


def value_of_newest(project: Project) -> str:
    """Return the result of Edited in the newest run."""
    path = project.artifacts(project.top_runs()[0]) / "Edited" / "value.txt"
    return path.read_text(encoding="utf-8").strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ("", "old new"),
        ('workers = 2\nstart_method = "fork"', "old new"),
        ('workers = 2\nstart_method = "spawn"', "new new"),
    ],
    ids=["one process", "forked workers", "spawned workers"],
)
def test_a_result_is_stored_under_the_code_that_computed_it(
    project: Project, settings: str, first: str
) -> None:
    """A module counts as it was loaded: with the tasks, or when a task imports it.

    A spawned worker loads everything as it starts.
    """
    project.write("src/later.py", 'LATER = "old"\n')
    project.write("src/tasks/editing.py", EDITING)
    project.write("src/tasks/edited.py", EDITED)
    project.configure(f'[RunConfig]\nexperiment_name = "edits"\ntask = "Edited"\n{settings}\n')
    project.environment["EDITED"] = "tasks/edited.py later.py"

    values = []
    for _ in range(2):
        outcome = project.run()
        assert outcome.code == 0, outcome.err
        values.append(value_of_newest(project))
    project.write("src/tasks/edited.py", EDITED)
    project.write("src/later.py", 'LATER = "old"\n')
    project.environment["EDITED"] = ""
    plan = project.run("--plan")

    assert values == [first, "new new"]
    assert ["Edited", "run"] in [line.split()[:2] for line in plan.out.splitlines()], plan.out
