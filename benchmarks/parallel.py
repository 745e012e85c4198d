"""How well two processes share the folds of a study, beside Optuna's own ways."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.charts import BarChart
from benchmarks.machine import installed_versions
from benchmarks.report import Section
from benchmarks.tuner_project import RESULT, Study, TunerProject
from runforest.executors import EXECUTORS

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGES = ("optuna", "loky", "joblib", "scikit-learn")
BARE = "ProcessPoolExecutor, no study"
FOLD_BY_FOLD = {"pruner": "median", "pruner_options": {"n_startup_trials": 10_000}}
TEXT = """\
Two workers on two cores score trials of five folds by the same function; a fold uses the processor
for 50 or 500 ms in pure Python. The figures are seconds from the call of the whole study to its
return, nothing recorded, in brackets the efficiency: the time of a bare `ProcessPoolExecutor` that
is handed the same trials, as a fraction of this one. Every way does a small study first, which is
not counted, so that its workers have started and imported what they need. Runforest's time includes
writing the table for its workers, which the other ways are given. *fold by fold* is a study with a
pruner, which is asked after each fold and here never ends a trial."""


def _study(work_s: float, n_trials: int) -> Study:
    return Study(n_trials=n_trials, n_folds=5, work_s=work_s, executor="processes", n_jobs=2)


STUDIES = {"50 ms": _study(0.05, 24), "500 ms": _study(0.5, 6)}
TARGETS = {"50 ms": 0.90, "500 ms": 0.97}


def run(rounds: int) -> Section:
    """Measure all ways with short and with long folds."""
    measured: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        ways = _ways(TunerProject(Path(scratch)))
        for number in range(rounds):
            for size, study in STUDIES.items():
                for name, way in ways.items():
                    sys.stderr.write(f"round {number + 1} of {rounds}: {size}: {name}\n")
                    measured.setdefault((name, size), []).append(way(study))
    seconds = {key: median(rounds_s) for key, rounds_s in measured.items()}
    efficiency = {
        name: {size: seconds[BARE, size] / seconds[name, size] for size in STUDIES} for name in ways
    }
    targets = ", ".join(f"{target:.2f} with {size}" for size, target in TARGETS.items())
    remarks = [f"What Runforest is held to: {targets}."]
    if not _has_dask():
        remarks.append("Dask is left out: the extra `dask` is not installed.")
    return Section(
        title="Two processes on two cores",
        text=TEXT,
        columns=("", *(f"{size} a fold, s" for size in STUDIES)),
        rows=tuple(
            (
                name,
                *(f"{seconds[name, size]:.2f} ({efficiency[name][size]:.3f})" for size in STUDIES),
            )
            for name in ways
        ),
        remarks=tuple(remarks),
        versions=installed_versions((*PACKAGES, *(("distributed",) if _has_dask() else ()))),
        chart=BarChart(label="efficiency", values=efficiency, target=1.0),
    )


def _ways(project: TunerProject) -> dict[str, Callable[[Study], float]]:
    """Return the functions that run a study and return its seconds, without those of the start."""

    def runforest(**changes: object) -> Callable[[Study], float]:
        def way(study: Study) -> float:
            project.untracked(replace(study, **changes), warm_up=True)  # type: ignore[arg-type]
            return _study_s(project)

        return way

    def other(name: str) -> Callable[[Study], float]:
        def way(study: Study) -> float:
            project.run_script("parallel_ways.py", study, name)
            return _study_s(project)

        return way

    ways = {BARE: other("bare"), "Runforest": runforest()}
    ways["Runforest, fold by fold"] = runforest(**FOLD_BY_FOLD)
    if _has_dask():
        ways["Runforest on Dask"] = runforest(executor="dask")
    ways["Optuna, n_jobs=2 (threads)"] = other("threads")
    ways["Optuna, joblib and SQLite"] = other("sqlite")
    ways["Optuna, joblib and a journal"] = other("journal")
    return ways


def _study_s(project: TunerProject) -> float:
    study_s: float = json.loads((project.folder / RESULT).read_text(encoding="utf-8"))["study_s"]
    return study_s


def _has_dask() -> bool:
    return "dask" in EXECUTORS and importlib.util.find_spec("distributed") is not None
