"""Trials of the tuner as child runs: what a child run is to show, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.tracking.store.names import safe_name, safe_params, shortened
from runforest.tracking.tags import (
    NAME_TAG,
    PARENT_TAG,
    REASON_TAG,
    RUNNING_NAME,
    STUDY_TAG,
    TRIAL_TAG,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.entities import Metric, Param, RunTag

    from runforest.run.events import TrialFinished, TrialStarted
    from runforest.tracking.lifecycle.open_close import OpenedRun

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


@dataclass(frozen=True, kw_only=True)
class ChildRun:
    """A child run as it is to be recorded; `uid` identifies its trial, `task` is its task's folder.

    `tags` are all but the name. `metrics` are name, step and value of each, at the time of the end.
    `status` and `ended_ms` are None while the trial is running.
    """

    uid: str
    task: str
    experiment_id: str
    name: str
    started_ms: int
    tags: dict[str, str]
    params: dict[str, str]
    metrics: tuple[tuple[str, int, float], ...] = ()
    status: str | None = None
    ended_ms: int | None = None

    @property
    def parent_id(self) -> str:
        """The run that it belongs to."""
        return self.tags[PARENT_TAG]

    def batch(self) -> tuple[list[Metric], list[Param], list[RunTag]]:
        """Return its rows as MLflow's entities."""
        from mlflow.entities import Metric, Param, RunTag

        return (
            [Metric(key, value, self.ended_ms or 0, step) for key, step, value in self.metrics],
            [Param(key, value) for key, value in self.params.items()],
            [RunTag(key, value) for key, value in (self.tags | {NAME_TAG: self.name}).items()],
        )


@dataclass(frozen=True, kw_only=True)
class FoundChild:
    """The child run of a trial as the store has it; `ended_ms` is None while it is running."""

    run_id: str
    uid: str
    parent_id: str
    name: str
    status: str
    ended_ms: int | None

    def is_complete(self, child: ChildRun) -> bool:
        """Return whether it ended as its trial did.

        Status and time of the end are written last. One that was closed for a process that had
        died ended later than its trial, whatever the status.
        """
        return (self.status, self.ended_ms) == (child.status, child.ended_ms)


def running_child(parent: OpenedRun, trial: TrialStarted, study: str) -> ChildRun:
    """Return the child run of a trial that was started."""
    return ChildRun(
        uid=trial.uid,
        task=trial.task,
        experiment_id=parent.experiment_id,
        name=RUNNING_NAME,
        started_ms=trial.started_ms,
        tags=_tags(parent, trial.uid, study),
        params=safe_params(trial.params),
    )


def finished_child(parent: OpenedRun, trial: TrialFinished) -> ChildRun:
    """Return the child run of a trial that has ended."""
    return ChildRun(
        uid=trial.uid,
        task=trial.task,
        experiment_id=parent.experiment_id,
        name=f"trial {trial.number}",
        started_ms=trial.started_ms,
        tags=_tags(parent, trial.uid, trial.study, trial.reason or ""),
        params=safe_params(trial.params),
        metrics=tuple(_metrics(trial)),
        status=STATUS[trial.state],
        ended_ms=trial.started_ms + round(1000 * trial.duration_s),
    )


def _tags(parent: OpenedRun, uid: str, study: str, reason: str = "") -> dict[str, str]:
    tags = {PARENT_TAG: parent.run_id, TRIAL_TAG: uid}
    tags |= {STUDY_TAG: study, REASON_TAG: shortened(reason)}
    return {key: value for key, value in tags.items() if value}


def _metrics(trial: TrialFinished) -> Iterator[tuple[str, int, float]]:
    objective = safe_name(trial.objective) or "score"
    for name, value in ((objective, trial.value), (f"{objective}_std", trial.std)):
        if value is not None:
            yield name, 0, value
    if trial.n_rounds is not None:
        yield "n_rounds", 0, trial.n_rounds
    further = {safe_name(scorer): scores for scorer, scores in trial.further.items()}
    for name, scores in {objective: trial.fold_scores, **further}.items():
        for fold, score in enumerate(scores):
            yield f"fold_{name}", fold, float(score)
        if name in further and scores and trial.state == "complete":
            yield name, 0, sum(scores) / len(scores)
