"""A study of Runforest without a run: `untracked_study.py SETTINGS.json RESULT.json`.

Run in a project that has the engine and the timed estimators. With `warm_up` there, the workers do
another study before the one that is timed.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from runforest.executors import open_executor
from runforest.model.estimator_spec import EstimatorSpec
from runforest.tuning.driver.search import run_study
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.study.spec import StudySpec

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from runforest.tuning.driver.running_trial import RunningTrial
    from runforest.tuning.study.trial_record import TrialRecord


class Times:
    """Hears of the trials and keeps when they ended."""

    def __init__(self) -> None:
        self.started_ms = 0
        self.ended: list[float] = []

    def study_started(self, earlier: list[TrialRecord]) -> None:
        """Nothing is earlier."""

    def trial_is_long(self, running: RunningTrial) -> None:
        """Let it go on."""

    def trial_finished(self, record: TrialRecord) -> None:
        """Note the time, and the start of the first one."""
        self.started_ms = min(record.started_ms, self.started_ms or record.started_ms)
        self.ended.append(time.time())


def main(settings_file: str, result_file: str) -> None:
    """Run the study and write when its trials ended, and how long it took from call to return."""
    settings = json.loads(Path(settings_file).read_text(encoding="utf-8"))
    table = Path("table.parquet").absolute()
    pd.read_csv(settings["table"]).to_parquet(table)
    study = StudySpec(
        estimator=EstimatorSpec(
            path=settings["estimator"],
            params=settings["params"],
            seed=0,
            kind="regression",
        ),
        target=settings["target"],
        n_trials=settings["n_trials"],
        timeout_s=None,
        n_folds=settings["n_folds"],
        objectives=(settings["scoring"],),
        seed=0,
        space=parse_space(settings["space"]),
        sampler=settings["sampler"],
        pruner=settings["pruner"],
        pruner_options=settings["pruner_options"],
    )
    n_jobs = settings["n_jobs"]
    with open_executor(settings["executor"], n_jobs) as executor:
        if settings["warm_up"]:
            _run(replace(study, n_trials=2 * n_jobs), table, executor, n_jobs)
        clock = time.perf_counter()
        times = _run(study, table, executor, n_jobs)
        study_s = time.perf_counter() - clock
    Path(result_file).write_text(json.dumps({**times, "study_s": study_s}), encoding="utf-8")


def _run(study: StudySpec, table: Path, executor: Executor, n_jobs: int) -> dict[str, object]:
    times = Times()
    run_study(
        study=study,
        table=table,
        executor=executor,
        n_jobs=n_jobs,
        listener=times,
        suggest=lambda trial: suggest(trial, study.space),
    )
    return {"started": times.started_ms / 1000, "ended": times.ended}


if __name__ == "__main__":
    main(*sys.argv[1:])
