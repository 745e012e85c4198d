"""A small study whose fits are counted, and what is seen of it from outside."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from runforest.results.manifest import read_manifest
from runforest.tuning.storage.study_file import drop_torn_line, read_study_file
from tests.conftest import Project, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun

N_TRIALS, N_FOLDS = 6, 2
CONFIG = f"""\
[RunConfig]
experiment_name = "titanic"
task = "Tuner"

[PathConfig]
input = "./input/titanic/"

[Preprocessor]
drop_columns = ["Name", "Ticket", "Cabin", "Sex", "Embarked"]

[Tuner]
n_trials = {N_TRIALS}
n_folds = {N_FOLDS}

[Tuner.search_space]
ccp_alpha = {{ type = "float", low = 0.0, high = 0.01 }}

[Trainer]
estimator = "counted.CountedTree"
"""
ESTIMATOR = """\
import time

from sklearn.tree import DecisionTreeClassifier


class CountedTree(DecisionTreeClassifier):
    def fit(self, X, y):
        with open("fits.txt", "a") as file:
            file.write(f"{self.ccp_alpha}\\n")
        time.sleep(0.05)
        return super().fit(X, y)
"""
PARALLEL = ("--set", "Tuner.executor=processes", "--set", "Tuner.n_jobs=2")


@dataclass(frozen=True)
class CountedStudy:
    """A project whose tuner tries points on a line."""

    project: Project

    def fits(self) -> Counter[float]:
        """Return how often models were fitted at each point."""
        file = self.project.folder / "fits.txt"
        return Counter(map(float, file.read_text().split())) if file.exists() else Counter()

    def finished_points(self) -> list[float]:
        """Return the points of the trials that the study's file holds."""
        copy = self.project.folder / "copy.journal"
        for file in (self.project.folder / "mlruns" / ".runforest" / "studies").glob("*.journal"):
            shutil.copyfile(file, copy)
            drop_torn_line(copy)
            with suppress(ValueError):  # killed before there was a study in it
                return [trial.params["ccp_alpha"] for trial in read_study_file(copy).trials]
        return []

    def table(self, run: MlflowRun) -> pd.DataFrame:
        """Return the table of trials that is the result of a run."""
        return pd.read_parquet(self.project.artifacts(run) / "Tuner" / "trials.parquet")

    def problems(self, n_kills: int) -> list[str]:
        """Return what the newest run and its study have that an undisturbed one has not."""
        runs, newest = self.project.runs(), self.project.top_runs()[0]
        table, fits = self.table(newest), self.fits()
        points = list(table["params.ccp_alpha"])
        home = self._computed_by(newest)
        expected = [(f"trial {n}", "FINISHED", home, point) for n, point in enumerate(points)]
        recorded = sorted(map(_facts, filter(_is_child, runs)))
        statuses = Counter(run.info.status for run in runs)
        checks = {
            f"statuses {statuses}": "RUNNING" not in statuses and newest.info.status == "FINISHED",
            f"table {list(table['number'])}": list(table["number"]) == list(range(N_TRIALS)),
            f"child runs {recorded}, expected {expected}": recorded == expected,
            f"study {self.finished_points()}": self.finished_points() == points,
            f"fitted for nothing {set(fits) - set(points)}": set(fits) == set(points),
            f"fitted too often {fits}": max(fits.values()) <= N_FOLDS * (1 + n_kills),
        }
        return [name for name, is_good in checks.items() if not is_good]

    def _computed_by(self, run: MlflowRun) -> str:
        manifest = read_manifest(self.project.artifacts(run) / "Tuner")
        return (manifest and manifest.reused_from) or str(run.info.run_id)


def make_study(folder: Path, store: Path) -> CountedStudy:
    """Return a fresh study."""
    project = make_project(folder, store)
    project.configure(CONFIG)
    project.write("src/counted.py", ESTIMATOR)
    return CountedStudy(project)


def show_running_trials(project: Project) -> None:
    """Let a trial have its child run from its start, as one that lasts has."""
    name = "src/runforest/tuning/reporting/long_trials.py"
    text = (project.folder / name).read_text(encoding="utf-8")
    for seconds in ("LONG_S = 5.0", "POLL_S = 0.5"):
        assert seconds in text
        text = text.replace(seconds, f"{seconds.split()[0]} = 0.01")
    project.write(name, text)


def _is_child(run: MlflowRun) -> bool:
    return "mlflow.parentRunId" in run.data.tags


def _facts(child: MlflowRun) -> tuple[str, str, str, float]:
    parent, point = child.data.tags["mlflow.parentRunId"], float(child.data.params["ccp_alpha"])
    return child.info.run_name, child.info.status, parent, point
