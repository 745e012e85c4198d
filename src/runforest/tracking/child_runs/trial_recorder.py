"""The trials of a journal, as the child runs of a run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from runforest.run.events import StudyStarted, TrialFinished, TrialStarted
from runforest.tracking.child_runs.child_run import finished_child, running_child
from runforest.tracking.child_runs.resumed import EarlierTrials
from runforest.tracking.child_runs.writers import child_runs, finish, start
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.tags import PARENT_TAG, STUDY_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow import MlflowClient

    from runforest.run.events import Event
    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.lifecycle.opened_run import OpenedRun


class TrialRecorder:
    """The trials of a run: read piece by piece, recorded as its child runs.

    Attributes
    ----------
    refusals
        What could not be recorded of single trials; the others were.
    """

    def __init__(self, client: MlflowClient, parent: OpenedRun, *, is_replay: bool = False) -> None:
        """Begin with a run.

        Parameters
        ----------
        is_replay
            Any part of the journal may have been recorded before.
        """
        self.refusals: list[Exception] = []
        self._client = client
        self._parent = parent
        self._is_replay = is_replay
        self._children = child_runs(client)
        self._keys: dict[str, str] = {}
        self._running: dict[str, str] = {}
        self._studies: dict[str, EarlierTrials] = {}

    @property
    def n_at_once(self) -> int:
        """How many events to record in one go."""
        return self._children.n_at_once

    def record(self, events: Iterable[Event]) -> None:
        """Record those of some events that are of trials."""
        finished: dict[str, TrialFinished] = {}
        started: dict[str, TrialStarted] = {}
        begun: list[StudyStarted] = []
        for event in events:
            match event:
                case StudyStarted():
                    self._begin(event)
                    begun.append(event)
                case TrialStarted(uid=uid):
                    started[uid] = event
                case TrialFinished(uid=uid):
                    finished[uid] = event
        if not self._is_replay:
            self._show([trial for uid, trial in started.items() if uid not in finished])
        try:
            self._finish(finished.values())
        except Exception:
            self._studies.clear()  # some are recorded by now: what was found is out of date
            raise
        for event in begun:  # of trials before it, some were looked up after it
            self._begin(event)

    def _begin(self, study: StudyStarted) -> None:
        """Take up a study; what was found of it before may be out of date."""
        self._keys[study.task] = study.key
        self._studies.pop(study.key, None)

    def _show(self, started: list[TrialStarted]) -> None:
        for trial in started:
            child = running_child(self._parent, trial, self._keys.get(trial.task, ""))
            self._forget_attempt(child, trial.task)
            self._try(self._start, child)

    def _start(self, child: ChildRun) -> None:
        self._running[child.uid] = start(self._client, child)

    def _try(self, record: Callable[[ChildRun], None], child: ChildRun) -> None:
        refusal = refusal_of(record, child)
        if refusal:
            self.refusals.append(refusal)

    def _finish(self, finished: Iterable[TrialFinished]) -> None:
        new: list[ChildRun] = []
        known: dict[str, list[tuple[ChildRun, str]]] = {}
        for trial in finished:
            child = finished_child(self._parent, trial)
            run_id = self._running.pop(trial.uid, None)
            if run_id is not None:
                self._try(functools.partial(finish, self._client, run_id), child)
            elif trial.is_earlier:
                known.setdefault(trial.study, []).append((child, trial.task))
            else:
                self._forget_attempt(child, trial.task)
                if self._is_replay:
                    known.setdefault("", []).append((child, trial.task))
                else:
                    new.append(child)
        for key, children in known.items():
            new += self._earlier(key).adopt(children)
        self.refusals += self._children.write(new)

    def _forget_attempt(self, child: ChildRun, task: str) -> None:
        """Delete the child run that a trial has from a run that was killed while it ran."""
        key = child.tags.get(STUDY_TAG)
        if key:
            self._earlier(key).forget(child.uid, task)

    def _earlier(self, key: str) -> EarlierTrials:
        """Return what the store has of a study; of this run alone when it has no key."""
        if key not in self._studies:
            found = (
                self._find(STUDY_TAG, key) if key else self._find(PARENT_TAG, self._parent.run_id)
            )
            by_uid: dict[str, list[FoundChild]] = {}
            for child in found:
                by_uid.setdefault(child.uid, []).append(child)
            self._studies[key] = EarlierTrials(
                client=self._client, store=self._children, found=by_uid, refusals=self.refusals
            )
        return self._studies[key]

    def _find(self, tag: str, value: str) -> list[FoundChild]:
        return self._children.find(self._parent.experiment_id, tag, value)
