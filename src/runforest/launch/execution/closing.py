"""Closing a run: the last records, lineage, and the one final status."""

from __future__ import annotations

import logging
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.errors import ArtifactError, StoreError
from runforest.history.lineage import lineage_facts, lineage_page, other_origins
from runforest.layout import LINEAGE_PAGE
from runforest.redact import redact
from runforest.results.manifest import is_complete, json_text, read_manifest
from runforest.tracking.exchange.upload import upload_files
from runforest.tracking.lifecycle.open_close import close_run, tag_tasks
from runforest.tracking.lifecycle.reuse_note import experiments_of, note_reuse
from runforest.tracking.store.connect import check_reachable, is_reachable
from runforest.tracking.store.failures import outage_told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from runforest.launch.execution.open import OpenExperiment
    from runforest.launch.experiment.load import Experiment
    from runforest.results.manifest import Manifest
    from runforest.run.active import RunSettings
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
    """What an execution came to, for the summary and the exit code.

    `metrics` holds the last value of each, `adopted` the manifests of the results that the plan
    found.
    """

    status: str = "FAILED"
    outcomes: dict[str, TaskOutcome] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    adopted: dict[str, Manifest] = field(default_factory=dict)
    duration_s: float = 0.0

    def fail(self) -> None:
        """Let it be FAILED, unless it was interrupted."""
        if self.status == "FINISHED":
            self.status = "FAILED"


def close_execution(
    experiment: Experiment,
    opened: OpenExperiment,
    recorder: Recorder,
    execution: Execution,
    clock: float,
) -> None:
    """Record the rest and give the run its status, whatever happened before.

    Raises
    ------
    StoreError
        The run could not be recorded completely. Of an interrupted one, that is only logged.
    """
    shutil.rmtree(opened.run.staging, ignore_errors=True)
    has_failed = execution.status == "FAILED"
    with _interrupt_first(execution):
        try:
            recorder.close()
        except StoreError:
            execution.fail()
            raise
        finally:
            execution.outcomes = recorder.outcomes
            execution.duration_s = time.perf_counter() - clock
            _judge_silent_tasks(opened.run.artifacts, execution.outcomes, has_failed=has_failed)
            with outage_told(opened.run.artifacts):
                _give_status(experiment, opened, execution, is_left=recorder.is_left)


@contextmanager
def _interrupt_first(execution: Execution) -> Iterator[None]:
    """Log of an interrupted run what is raised of any other: its exit code tells the interrupt."""
    try:
        yield
    except StoreError as error:
        if execution.status != "KILLED":
            raise
        logger.error("%s", error)  # noqa: TRY400 - a message of its own


def _judge_silent_tasks(
    artifacts: Path, outcomes: dict[str, TaskOutcome], *, has_failed: bool
) -> None:
    """Say of a task that started and told no end whether it has a result or its process died."""
    for name, outcome in outcomes.items():
        if outcome.status != "started":
            continue
        if is_complete(artifacts / name):
            outcome.status = "computed"
        elif has_failed:
            outcome.status = "failed"
            outcome.traceback = LOST_WORKER


def _give_status(
    experiment: Experiment, opened: OpenExperiment, execution: Execution, *, is_left: bool
) -> None:
    """Close the run, after its last records: FAILED when they cannot be kept.

    A server that does not answer is not asked, which would take minutes a call; the next start
    completes and closes the run. So it does with one whose record was left, `is_left`.
    """
    run_id = opened.record.run_id
    try:
        manifests = _manifests(experiment, opened, execution)
        origins = [] if is_left else other_origins(run_id, manifests.values())
        experiments = experiments_of(opened.client, origins)
        secrets = experiment.environment.secrets
        records = _lineage(opened.run.settings, manifests, experiments, secrets)
        _write_last_records(opened.run.artifacts, _fates(execution, secrets) | records)
        if is_left:
            logger.warning(_LEFT)
            return
        check_reachable(opened.tracking_uri)
        tag_tasks(opened.client, run_id, execution.outcomes)
        note_reuse(opened.client, run_id, execution.outcomes, experiments)
        _upload_last_records(opened)
    except BaseException:  # whatever it is, the run must not be closed as FINISHED
        execution.fail()
        raise
    finally:
        if not is_left and is_reachable(opened.tracking_uri):
            close_run(opened.client, opened.record, execution.status)


def _write_last_records(artifacts: Path, records: dict[str, str]) -> None:
    """Write the files that are written at the end, by name."""
    try:
        for name, text in records.items():
            path = artifacts / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:  # a full disk must not keep the run from being closed
        logger.error("The last records of the run could not be written: %s", error)  # noqa: TRY400


def _upload_last_records(opened: OpenExperiment) -> None:
    """Upload what was written at the end, if the store is elsewhere."""
    if opened.record.local_folder is None:
        artifacts = opened.run.artifacts
        late = sorted(path for path in artifacts.glob("*") if path.is_file())
        late += sorted((artifacts / "errors").glob("*.txt"))
        upload_files(opened.record.artifact_uri, artifacts, late)


def _fates(execution: Execution, secrets: Collection[str]) -> dict[str, str]:
    """Return the files that tell what became of the tasks, and their tracebacks."""
    fates = {
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
    return {"tasks.json": json_text(fates), **tracebacks}


def _lineage(
    settings: RunSettings,
    manifests: Mapping[str, Manifest],
    experiments: Mapping[str, str],
    secrets: Collection[str],
) -> dict[str, str]:
    """Return the files of the lineage."""
    facts = lineage_facts(settings, manifests, secrets=secrets)
    page = lineage_page(facts, settings.page, experiments)
    return {"lineage.json": json_text(facts), LINEAGE_PAGE: page}


def _manifests(
    experiment: Experiment, opened: OpenExperiment, execution: Execution
) -> dict[str, Manifest]:
    found = {}
    for task in experiment.tasks:
        if task.folder_name in execution.adopted:
            found[task.folder_name] = execution.adopted[task.folder_name]
            continue
        folder: Path = opened.run.pinned(task.folder_name) or (
            opened.run.artifacts / task.folder_name
        )
        try:
            manifest = read_manifest(folder)
        except (ArtifactError, OSError) as error:  # must not keep the run from being closed
            logger.error("The lineage lacks a result: %s", error)  # noqa: TRY400
            continue
        if manifest:
            found[task.folder_name] = manifest
    return found
