"""How much of the record's cost is left when trials have work to do."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.charts import BarChart
from benchmarks.machine import installed_versions
from benchmarks.report import Section
from benchmarks.tuner_project import Study, TunerProject

if TYPE_CHECKING:
    from benchmarks.timeline import Timeline

TEXT = """\
The tuner in a run, recorded in a new SQLite file, beside the same study without a run: milliseconds
a trial from the end of the first trial's work until the last one has ended, in the store if there
is one, so the start of the workers is in neither. The trials do not sleep: their two folds use the
processor for a given time. In pure Python they hold the interpreter, which the recorder's thread
then has to share; hashing leaves it to others, as most of NumPy's work does. With two processes the
recorder has to share the two cores with them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A study, and how much longer it may take with a record."""

    title: str
    study: Study
    limit: float


def _parallel(n_trials: int, work_s: float) -> Study:
    return Study(n_trials=n_trials, work_s=work_s, executor="processes", n_jobs=2)


CASES = (
    Case(title="serial, 100 ms, Python", study=Study(n_trials=120, work_s=0.05), limit=1.10),
    Case(
        title="serial, 100 ms, hashing",
        study=Study(n_trials=120, work_s=0.05, holds_interpreter=False),
        limit=1.10,
    ),
    Case(title="2 processes, 100 ms", study=_parallel(120, 0.05), limit=1.30),
    Case(title="2 processes, 1 s", study=_parallel(32, 0.5), limit=1.05),
)


def run(rounds: int) -> Section:
    """Measure all cases with a record and without."""
    measured: dict[Case, list[tuple[Timeline, Timeline]]] = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        project = TunerProject(Path(scratch))
        for number in range(rounds):
            for case in CASES:
                sys.stderr.write(f"round {number + 1} of {rounds}: {case.title}\n")
                pair = project.untracked(case.study), project.tracked(case.study)
                measured[case].append(pair)
    medians = {case: _medians(pairs) for case, pairs in measured.items()}
    return Section(
        title="The record's cost beside the work of trials",
        text=TEXT,
        columns=("trials", "without a record, ms", "with it, ms", "ratio", "at most"),
        rows=tuple(
            (
                case.title,
                f"{bare:.1f}",
                f"{tracked:.1f}",
                f"{tracked / bare:.3f}",
                f"{case.limit:.2f}",
            )
            for case, (bare, tracked) in medians.items()
        ),
        versions=installed_versions(("mlflow", "optuna", "loky")),
        chart=BarChart(
            label="time with a record, as a multiple of the time without",
            values={
                "measured": {case.title: many / one for case, (one, many) in medians.items()},
                "at most": {case.title: case.limit for case in CASES},
            },
        ),
    )


def _medians(pairs: list[tuple[Timeline, Timeline]]) -> tuple[float, float]:
    """Return milliseconds a trial, without a record and with it."""
    bare, tracked = (
        median(timeline.ms_a_trial for timeline in timelines)
        for timelines in zip(*pairs, strict=True)
    )
    return bare, tracked
