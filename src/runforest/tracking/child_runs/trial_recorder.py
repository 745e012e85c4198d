"""The trials of a journal, as the child runs of a run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runforest.run.events import StudyStarted, TrialFinished, TrialStarted
from runforest.tracking.child_runs.child_run import finished_child, running_child
from runforest.tracking.child_runs.resumed import ResumedStudy
from runforest.tracking.child_runs.writers import child_runs, finish, start
from runforest.tracking.lifecycle.outcome import add_note, link_to
from runforest.tracking.store.failures import refusals_of
from runforest.tracking.tags import PARENT_TAG, STUDY_TAG, TRIALS_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from runforest.run.events import Event
    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.lifecycle.open_close import OpenedRun


class TrialRecorder:
    """The trials of a run: read piece by piece, recorded as its child runs.

    It takes `n_at_once` events in one go. `refusals` has what could not be recorded of single
    trials; the others were. At a replay any part of the journal may have been recorded before.
    """

    def __init__(self, client: MlflowClient, parent: OpenedRun, *, is_replay: bool = False) -> None:
        self.refusals: list[MlflowException] = []
        self._client, self._parent, self._is_replay = client, parent, is_replay
        self._children = child_runs(client)
        self.n_at_once = self._children.n_at_once
        self._keys: dict[str, str] = {}
        self._running: dict[str, str] = {}
        self._studies: dict[str, ResumedStudy] = {}
        self._origins: dict[str, str] = {}

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
            for uid, trial in started.items():
                if uid not in finished:
                    self._show(trial)
        try:
            self._finish_all(finished.values())
        except Exception:
            self._studies.clear()  # some are recorded by now: what was found is out of date
            raise
        for event in begun:  # of trials before it, some were looked up after it
            self._begin(event)

    def _begin(self, study: StudyStarted) -> None:
        """Take up a study; what was found of it before may be out of date."""
        self._keys[study.task] = study.key
        self._studies.pop(study.key, None)

    def _show(self, trial: TrialStarted) -> None:
        child = running_child(self._parent, trial, self._keys.get(trial.task, ""))
        self._forget_attempt(child)

        def show(child: ChildRun) -> None:
            self._running[child.uid] = start(self._client, child)

        self.refusals += refusals_of(show, child)

    def _finish_all(self, finished: Iterable[TrialFinished]) -> None:
        new: list[ChildRun] = []
        known: dict[str, list[ChildRun]] = {}
        for trial in finished:
            child = finished_child(self._parent, trial)
            if trial.uid in self._running:
                complete = partial(finish, self._client, self._running.pop(trial.uid))
                self.refusals += refusals_of(complete, child)
            elif trial.is_earlier:
                known.setdefault(trial.study, []).append(child)
            else:
                self._forget_attempt(child)
                (known.setdefault("", []) if self._is_replay else new).append(child)
        for key, children in known.items():
            new += self._resumed(key).adopt(children)
            self._link_to(self._resumed(key).origins)
        self.refusals += self._children.write(new)

    def _forget_attempt(self, child: ChildRun) -> None:
        """Delete the child run that a trial has from a run that was killed while it ran."""
        key = child.tags.get(STUDY_TAG)
        if key:
            self._resumed(key).forget(child)

    def _link_to(self, origins: dict[str, str]) -> None:
        """Lead from the run's page to the runs where earlier trials stay."""
        new = {run_id: task for run_id, task in origins.items() if run_id not in self._origins}
        if not new:
            return
        lines = [
            f"{task} goes on from trials of run {link_to(run_id, self._parent.experiment_id)}"
            for run_id, task in new.items()
        ]
        self._origins |= new
        add_note(self._client, self._parent.run_id, lines)
        self._client.set_tag(self._parent.run_id, TRIALS_TAG, " ".join(self._origins))

    def _resumed(self, key: str) -> ResumedStudy:
        """Return what the store has of a study; of this run alone when it has no key."""
        if key not in self._studies:
            tag, value = (STUDY_TAG, key) if key else (PARENT_TAG, self._parent.run_id)
            found: dict[str, list[FoundChild]] = {}
            for child in self._children.find(self._parent.experiment_id, tag, value):
                found.setdefault(child.uid, []).append(child)
            self._studies[key] = ResumedStudy(
                client=self._client, store=self._children, found=found, refusals=self.refusals
            )
        return self._studies[key]
