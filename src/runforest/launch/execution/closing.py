"""Closing a run: the last records, lineage, and the one final status."""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import LINEAGE_PAGE
from runforest.foundation.redact import redact
from runforest.history.lineage import lineage_facts, lineage_page, other_origins
from runforest.results.manifest import is_complete, json_text, read_manifest
from runforest.tracking.exchange.upload import upload_last_records
from runforest.tracking.lifecycle.open_close import close_run
from runforest.tracking.lifecycle.outcome import experiments_of, record_outcomes
from runforest.tracking.store.connect import check_reachable, is_reachable
from runforest.tracking.store.failures import first_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from runforest.launch.execution.open import OpenExperiment
    from runforest.launch.experiment.load import Experiment
    from runforest.results.manifest import Manifest
    from runforest.tracking.lifecycle.outcome import TaskOutcome
    from runforest.tracking.recorder.thread import Recorder

logger = logging.getLogger(__name__)

_LEFT = (
    "The record of this run is not complete. The next start records what is missing of its "
    "metrics, parameters and trials, and closes it: until then it is shown as running."
)
LOST_WORKER = (
    "The worker process of this task died without a word: killed by a signal, or by the system for "
    "want of memory. Run again to go on from the last committed task.\n"
)


@dataclass(kw_only=True)
class Execution:
    """What an execution came to: the last value of each metric, what is wrong with the record."""

    status: str = "FAILED"
    outcomes: dict[str, TaskOutcome] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    duration_s: float = 0.0
    problem: str = ""

    def note(self, task: str, outcome: TaskOutcome) -> None:
        """Take what became of a task; one that starts after it failed is at a further attempt."""
        before = self.outcomes.get(task, outcome)
        is_again = before.status == "failed" and outcome.status == "started"
        outcome.n_attempts = before.n_attempts + is_again
        self.outcomes[task] = outcome


def close_execution(
    experiment: Experiment,
    opened: OpenExperiment,
    recorder: Recorder,
    execution: Execution,
    clock: float,
) -> None:
    """Record the rest and give the run its status, whatever happened before.

    A server that does not answer gets no request, which would take long; the next start completes
    and closes the run. So it does with one whose record was left for want of patience.
    """
    shutil.rmtree(opened.run.staging, ignore_errors=True)
    has_failed = execution.status == "FAILED"
    with _problems_noted(opened, execution):
        recorder.close()
    for name, outcome in execution.outcomes.items():
        if outcome.status != "started":
            continue  # else it has a result, or died
        if is_complete(opened.run.artifacts / name):
            outcome.status = "computed"
        elif has_failed:
            outcome.status, outcome.traceback = "failed", LOST_WORKER
    execution.duration_s = time.perf_counter() - clock
    with _problems_noted(opened, execution):
        _record_end(experiment, opened, execution, is_left=recorder.is_left)
    if recorder.is_left:
        logger.warning(_LEFT)
    elif is_reachable(opened.store.text):
        with _problems_noted(opened, execution):
            close_run(opened.client, opened.record, execution.status)


@contextmanager
def _problems_noted(opened: OpenExperiment, execution: Execution) -> Iterator[None]:
    """Let a run whose record is not complete be FAILED, unless it was interrupted."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the run must get its status
        execution.status = "KILLED" if execution.status == "KILLED" else "FAILED"
        execution.problem = execution.problem or (
            f"the run could not be recorded completely: {first_line(error)}\n"
            f"Its results are committed in {opened.run.artifacts}. Fix the tracking store and run "
            "again: what was computed is reused."
        )


def _record_end(
    experiment: Experiment, opened: OpenExperiment, execution: Execution, *, is_left: bool
) -> None:
    """Write what is known at the end; into the store too, unless its record was left."""
    run_id, settings = opened.record.run_id, opened.run.settings
    secrets = experiment.environment.secrets
    manifests = _manifests(experiment, opened)
    origins = [] if is_left else other_origins(run_id, manifests.values())
    experiments = experiments_of(opened.client, origins)
    lineage = lineage_facts(settings, manifests, secrets=secrets)
    page = lineage_page(lineage, settings.page, experiments)
    pages = {"lineage.json": json_text(lineage), LINEAGE_PAGE: page}
    _write_last_records(opened.run.artifacts, _outcome_files(execution, secrets) | pages)
    if not is_left:
        check_reachable(opened.store)
        record_outcomes(opened.client, run_id, execution.outcomes, experiments)
        if opened.record.local_folder is None:
            upload_last_records(opened.record.artifact_uri, opened.run.artifacts)


def _write_last_records(artifacts: Path, records: dict[str, str]) -> None:
    try:
        for name, text in records.items():
            path = artifacts / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:  # a full disk must not keep the run from being closed
        logger.error("The last records of the run could not be written: %s", error)  # noqa: TRY400


def _outcome_files(execution: Execution, secrets: Collection[str]) -> dict[str, str]:
    """Return the file of what became of the tasks, and those of their tracebacks."""
    outcomes = {
        redact(name, secrets): {
            "status": outcome.status,
            "duration_s": round(outcome.duration_s, 3),
            "reused_from": outcome.reused_from or None,
        }
        for name, outcome in execution.outcomes.items()
    }
    tracebacks = {
        f"errors/{name}.txt": redact(outcome.traceback, secrets)
        for name, outcome in execution.outcomes.items()
        if outcome.traceback
    }
    return {"tasks.json": json_text(outcomes), **tracebacks}


def _manifests(experiment: Experiment, opened: OpenExperiment) -> dict[str, Manifest]:
    found = {}
    for name in (task.folder_name for task in experiment.tasks):
        try:
            manifest = read_manifest(opened.run.pinned(name) or opened.run.artifacts / name)
        except (ArtifactError, OSError) as error:  # must not keep the run from being closed
            logger.error("The lineage lacks a result: %s", error)  # noqa: TRY400
            continue
        if manifest:
            found[name] = manifest
    return found
