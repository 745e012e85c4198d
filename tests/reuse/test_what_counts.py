"""What makes a task run again, and what does not: one row each, through the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project
from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = {"Preprocessor", "Trainer", "Prediction"}
FROM_TRAINER = {"Trainer", "Prediction"}
GROUPS = {"task", "code", "packages", "params", "inputs", "upstream"}
PACKAGES = {"luigi", "mlflow", "pandas", "pyarrow", "scikit-learn", "skops"}
PREPROCESSOR = "src/tasks/preprocessor.py"


@dataclass(frozen=True)
class Edit:
    """A replacement in a file of the project."""

    file: str
    old: str
    new: str

    def __call__(self, project: Project) -> None:
        """Make the replacement, which has to be possible."""
        path = project.folder / self.file
        text = path.read_text(encoding="utf-8")
        assert self.old in text
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


def new_input_with_the_old_mtime(project: Project) -> None:
    """Change a file of which a plan has remembered the digest, in place."""
    planned_actions(project)
    path = project.folder / "input" / "titanic" / "train.csv"
    status = path.stat()
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("1,0,3,", "1,1,3,", 1), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def renamed_column(project: Project) -> None:
    for name in ("train.csv", "test.csv"):
        Edit(f"input/titanic/{name}", "Ticket", "Billet")(project)


def newer(package: str) -> Callable[[Project], None]:
    """Return a function that lets a project find version 99 of a package."""

    def install(project: Project) -> None:
        project.write(
            f"{package.replace('-', '_')}-99.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n",
        )

    return install


def touched_input(project: Project) -> None:
    os.utime(project.folder / "input" / "titanic" / "train.csv")


def moved_input(project: Project) -> None:
    (project.folder / "input" / "titanic").rename(project.folder / "elsewhere")
    Edit("luigi.toml", "./input/titanic/", "./elsewhere/")(project)


def run_of_another_user(project: Project) -> None:
    user = dict.fromkeys(("LOGNAME", "USER"), "somebody")
    other = Project(project.folder, project.environment | user)
    outcome = other.run("--set", "Trainer.seed=5", "--set", "RunConfig.run_name=theirs")
    assert outcome.code == 0, outcome.err


def unchanged(_project: Project) -> None:
    pass


SAME_BYTES = {
    "line of compute": (
        Edit(
            PREPROCESSOR,
            "self.output()[name].save(",
            "len(renamed)\n            self.output()[name].save(",
        ),
        "code of tasks.preprocessor.Preprocessor changed",
    ),
    "helper in the same module": (
        Edit(PREPROCESSOR, "return table[is_labelled]", "return table[is_labelled].copy()"),
        "code of tasks.preprocessor.drop_rows_without changed",
    ),
    "helper in another module": (
        Edit("src/cleaning.py", "return table.head(LIMIT)", "return table.head(LIMIT).copy()"),
        "code of cleaning.clean changed",
    ),
    "imported constant": (
        Edit("src/cleaning.py", "LIMIT = 1000", "LIMIT = 1001"),
        "code of cleaning changed",
    ),
    "module outside src": (
        Edit("lib/outside.py", "    return table", "    return table.copy()"),
        "code of lib.outside.keep changed",
    ),
}
"""Edits of the preprocessor's code that leave its result as it is, and what the plan says."""

NOTICED = [
    pytest.param(
        Edit("luigi.toml", "seed=0", "seed=1"), FROM_TRAINER, "`seed` 0 -> 1", id="parameter"
    ),
    *(pytest.param(edit, ALL, reason, id=name) for name, (edit, reason) in SAME_BYTES.items()),
    pytest.param(
        Edit("luigi.toml", "[Trainer]", "[Trainer]\nparams={alpha=2.0}"),
        FROM_TRAINER,
        "`params` {}",
        id="parameter of the estimator",
    ),
    pytest.param(
        Edit("luigi.toml", "[Trainer]", "[Dataset]\nholdout=0.2\n[Trainer]"),
        FROM_TRAINER,
        "`splits` {}",
        id="rows held out",
    ),
    pytest.param(newer("scikit-learn"), FROM_TRAINER, "-> 99.0", id="version of scikit-learn"),
    pytest.param(newer("mlflow"), FROM_TRAINER, "-> 99.0", id="version of what saves the model"),
    pytest.param(newer("pyarrow"), ALL, "-> 99.0", id="version of what writes the tables"),
    pytest.param(
        Edit("input/titanic/train.csv", "1,0,3,", "1,1,3,"), ALL, "train_file changed", id="cell"
    ),
    pytest.param(renamed_column, ALL, "train_file changed", id="renamed column"),
    pytest.param(
        new_input_with_the_old_mtime, ALL, "train_file changed", id="new input with the old mtime"
    ),
]

IGNORED = [
    pytest.param(unchanged, id="nothing, in another folder"),
    pytest.param(Edit("src/cleaning.py", "# Nothing to do.", "# Really nothing."), id="comment"),
    pytest.param(Edit("src/cleaning.py", "Return the table.", "Give it back."), id="docstring"),
    pytest.param(
        Edit("src/cleaning.py", "table.head(LIMIT)", "table.head( LIMIT )"), id="formatting"
    ),
    pytest.param(newer("optuna"), id="version of a package that no task uses"),
    pytest.param(touched_input, id="mtime of an input"),
    pytest.param(moved_input, id="place of an input"),
    pytest.param(run_of_another_user, id="another user's run in between"),
    pytest.param(Edit("luigi.toml", "overview", "another text"), id="description"),
    pytest.param(Edit("luigi.toml", "[RunConfig]", '[RunConfig]\nrun_name="x"'), id="run name"),
    pytest.param(Edit("luigi.toml", "[RunConfig]", "[RunConfig]\nworkers=3"), id="workers"),
]


def planned_actions(project: Project) -> tuple[dict[str, str], str]:
    """Return what the plan says of each task, and all that it prints."""
    outcome = project.run("--plan")
    assert outcome.code == 0, outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    return {row[0]: row[1] for row in rows if row and row[0] in ALL}, outcome.out


def test_a_manifest_names_all_that_a_result_depends_on(base_project: Project) -> None:
    run = base_project.top_runs()[0]

    ingredients = {name: base_project.manifest(run, name)["ingredients"] for name in sorted(ALL)}

    prediction, preprocessor, trainer = ingredients.values()
    train_file = base_project.folder / "input" / "titanic" / "train.csv"
    assert all(set(groups) == GROUPS for groups in ingredients.values())
    assert trainer["task"] == {"name": "tasks.trainer.Trainer"}
    assert {"tasks.trainer:Trainer", "tasks.trainer:<module>"} <= trainer["code"].keys()
    assert {
        "runforest.model.estimators:build_pipeline",
        "runforest.tracking.models.mlflow_model:save_model",
    } <= (trainer["code"].keys())
    assert {"cleaning:clean", "lib.outside:keep"} <= preprocessor["code"].keys()
    assert all(
        "runforest.results.formats:_save_parquet" in one["code"] for one in ingredients.values()
    )
    assert {name: set(groups["packages"]) & PACKAGES for name, groups in ingredients.items()} == {
        "Preprocessor": {"pandas", "pyarrow"},
        "Trainer": PACKAGES,
        "Prediction": PACKAGES - {"luigi"},
    }
    assert trainer["params"]["seed"] == "0"
    assert preprocessor["inputs"]["train_file"] == sha256(train_file.read_bytes()).hexdigest()
    assert prediction["inputs"] == {}
    assert trainer["upstream"].keys() == {"0.Preprocessor"}
    assert prediction["upstream"].keys() == {"0.Preprocessor", "1.Trainer"}


@pytest.mark.parametrize(("change", "tasks", "reason"), NOTICED)
def test_a_change_that_matters_runs_the_right_tasks(
    copied: Callable[[], Project], change: Callable[[Project], None], tasks: set[str], reason: str
) -> None:
    project = copied()
    change(project)

    actions, text = planned_actions(project)

    assert {name for name, action in actions.items() if action == "run"} == tasks, text
    assert reason in text


def test_edits_that_yield_the_same_bytes_compute_that_task_alone(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    for edit, _ in SAME_BYTES.values():
        edit(project)

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    assert statuses(project) == {"Preprocessor": "computed"} | dict.fromkeys(FROM_TRAINER, "reused")


@pytest.mark.parametrize("change", IGNORED)
def test_a_change_that_does_not_matter_runs_nothing(
    copied: Callable[[], Project], change: Callable[[Project], None]
) -> None:
    project = copied()
    change(project)

    actions, text = planned_actions(project)

    assert actions == dict.fromkeys(ALL, "reuse"), text


LISTING = """\
from runforest.run_task import RunTask


class Listing(RunTask):
    WORD = "old"

    def output(self):
        return self.artifact("list.txt")

    def compute(self):
        self.output().save("always the same")
"""
SAYING = """\
from runforest.run_task import RunTask, requires
from tasks.listing import Listing


@requires(Listing)
class Saying(RunTask):
    def output(self):
        return self.artifact("word.txt")

    def compute(self):
        self.output().save(READ)
"""


@pytest.mark.parametrize(
    ("read", "status", "why"),
    [
        (
            "Listing.WORD",
            "computed",
            "Saying: another result\n  code of tasks.listing.Listing changed\n",
        ),
        ("self.input().load()", "reused", "Saying: same\n"),
    ],
    ids=["a constant of the task", "the result of the task"],
)
def test_an_edit_upstream_that_leaves_the_bytes_equal_runs_what_takes_more_than_the_result(
    project: Project, read: str, status: str, why: str
) -> None:
    project.write("src/tasks/listing.py", LISTING)
    project.write("src/tasks/saying.py", SAYING.replace("READ", read))
    project.configure('[RunConfig]\ntask = "Saying"\n')
    project.run()
    project.write("src/tasks/listing.py", LISTING.replace("old", "new"))

    outcome = project.run()

    assert outcome.code == 0, outcome.err
    assert statuses(project) == {"Listing": "computed", "Saying": status}
    old_and_new = [run.info.run_id for run in reversed(project.top_runs())]
    assert why in project.command("why", *old_and_new).out
