"""Projects that share a store without a server: what one has computed, the others reuse."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, make_project
from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TASKS = """\
from runforest.run_task import RunTask, requires


class First(RunTask):
    def output(self):
        return self.artifact("first.txt")

    def compute(self):
        self.output().save("first")


@requires(First)
class Last(RunTask):
    def output(self):
        return self.artifact("last.txt")

    def compute(self):
        self.output().save("last")
"""
CONFIG = '[RunConfig]\nexperiment_name = "{}"\ntask = "Last"\n'


def sharing(folder: Path, store: Path, experiment: str = "shared") -> Project:
    """Return a project whose runs are recorded in a SQLite file outside it."""
    project = make_project(folder)
    project.write("src/tasks/small.py", TASKS)
    project.configure(CONFIG.format(experiment))
    project.environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{store}"
    return project


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Path:
    """Return an empty store of its own."""
    (tmp_path / "store").mkdir()
    return shutil.copy2(empty_store, tmp_path / "store" / "mlflow.db")


@pytest.fixture
def first(tmp_path: Path, store: Path) -> Project:
    """Return a project whose experiment ran once."""
    project = sharing(tmp_path / "first", store)
    outcome = project.run()
    assert outcome.code == 0, outcome.err
    return project


@pytest.mark.parametrize("experiment", ["shared", "another"])
def test_another_project_reuses_what_the_first_one_computed(
    first: Project, tmp_path: Path, store: Path, experiment: str
) -> None:
    origin = first.top_runs()[0].info.run_id
    second = sharing(tmp_path / "second", store, experiment)

    plan = second.run("--plan", "--exit-code")
    outcome = second.run()

    assert plan.code == 0, plan.out + plan.err
    assert outcome.code == 0, outcome.err
    run = second.top_runs()[0]
    assert statuses(second) == {"First": "reused", "Last": "reused"}
    assert second.manifest(run, "Last")["reused_from"] == origin
    assert (second.artifacts(run) / "Last" / "last.txt").read_text().strip() == "last"


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".pyc"}


def test_a_store_whose_tags_lead_into_the_project_changes_nothing_there(
    first: Project, tmp_path: Path, store: Path
) -> None:
    """With the manifest of the colleague's own result behind one of the tags."""
    second = sharing(tmp_path / "second", store, "another")
    artifacts = first.artifacts(first.top_runs()[0])
    for name in ("manifest.json", "first.txt"):
        shutil.copy2(artifacts / "First" / name, second.folder / "src" / "tasks" / name)
    (second.folder / "precious").mkdir()
    (second.folder / "precious" / "work.txt").write_text("precious")
    source, precious = second.folder / "src" / "tasks", second.folder / "precious"
    with sqlite3.connect(store) as database:
        for value, task in (("../../../../src/tasks", "First"), (str(precious), "Last")):
            database.execute(
                "UPDATE tags SET value = ? WHERE key LIKE 'mlflow.runforest.result.%' "
                "AND value = ?",
                (value, task),
            )
    database.close()
    before = files_of(source) | files_of(precious)

    plan, outcome = second.run("--plan"), second.run()

    assert [plan.code, outcome.code] == [0, 0], plan.err + outcome.err
    assert "is not used" in outcome.err
    assert statuses(second) == {"First": "computed", "Last": "computed"}
    assert files_of(source) | files_of(precious) == before


def test_each_project_deletes_its_own_runs(first: Project, tmp_path: Path, store: Path) -> None:
    spared = first.top_runs()[0].info.run_id
    second = sharing(tmp_path / "second", store, "another")
    assert second.run().code == 0

    outcome = second.command("gc", "--keep", "0", "--delete")

    assert outcome.out.endswith("1 of 1 runs deleted.\n"), outcome.out + outcome.err
    assert [run.info.run_id for run in first.top_runs()] == [spared]
    assert first.manifest(first.top_runs()[0], "Last")


def test_forked_workers_find_results_of_another_project(
    first: Project, tmp_path: Path, store: Path
) -> None:
    assert statuses(first) == {"First": "computed", "Last": "computed"}
    second = sharing(tmp_path / "second", store)

    outcome = second.run("--force", "First", "--set", "RunConfig.workers=2")

    assert outcome.code == 0, outcome.err
    assert statuses(second) == {"First": "computed", "Last": "reused"}


def test_results_that_lie_on_another_machine_are_computed_and_logged_once(
    first: Project, tmp_path: Path, store: Path
) -> None:
    artifacts = first.artifacts(first.top_runs()[0])
    (first.folder / "mlruns").rename(tmp_path / "far away")
    second = sharing(tmp_path / "second", store, "another")

    outcome = second.run()

    assert outcome.code == 0, outcome.err
    assert statuses(second) == {"First": "computed", "Last": "computed"}
    assert outcome.err.count(str(artifacts)) == 1
    assert outcome.err.count("Keep them on a disk that both have") == 1
    assert "Traceback" not in outcome.err


def test_a_plan_with_the_own_store_imports_no_heavy_library(project: Project) -> None:
    project.write("src/tasks/small.py", TASKS)
    project.configure(CONFIG.format("own"))
    own = project.folder / "mlruns" / "mlflow.db"
    project.environment |= {
        "MLFLOW_TRACKING_URI": f"sqlite:///{own}",
        "PYTHONPROFILEIMPORTTIME": "1",
    }

    outcome = project.run_cold("--plan")

    assert outcome.code == 0, outcome.err
    assert " tasks.prediction\n" in outcome.err
    heavy = ("mlflow", "numpy", "pandas", "sklearn", "optuna", "sqlalchemy")
    assert [name for name in heavy if f" {name}\n" in outcome.err] == []
