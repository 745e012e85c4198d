"""What the journal says of trials, as the child runs of a run."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from runforest.tracking.child_runs.child_run import finished_child, running_child, trial_uid
from runforest.tracking.child_runs.resumed import EarlierTrials
from runforest.tracking.child_runs.writers import child_runs, finish, start
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.tags import PARENT_TAG, STUDY_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlflow import MlflowClient

    from runforest.run.journal import Entry
    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.lifecycle.opened_run import OpenedRun


class TrialRecorder:
    """The trials of a run: told piece by piece, recorded as its child runs.

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
        """How many entries to record in one go."""
        return self._children.n_at_once

    def record(self, entries: Iterable[Entry]) -> None:
        """Record what some entries say of trials."""
        finished: dict[str, Entry] = {}
        started: dict[str, Entry] = {}
        begun: list[Entry] = []
        for entry in entries:
            if entry["event"] == "study":
                self._begin(entry)
                begun.append(entry)
            elif entry["event"] == "trial_started":
                started[trial_uid(entry)] = entry
            elif entry["event"] == "trial":
                finished[trial_uid(entry)] = entry
        if not self._is_replay:
            self._show([entry for uid, entry in started.items() if uid not in finished])
        try:
            self._finish(finished)
        except Exception:
            self._studies.clear()  # some are recorded by now: what was found is out of date
            raise
        for entry in begun:  # of what was told before it, some was looked up after it
            self._begin(entry)

    def _begin(self, entry: Entry) -> None:
        """Take up a study; what was found of it before may be out of date."""
        key = str(entry.get("key") or "")
        self._keys[str(entry["task"])] = key
        self._studies.pop(key, None)

    def _show(self, started: list[Entry]) -> None:
        for entry in started:
            task = str(entry["task"])
            child = running_child(self._parent, entry, self._keys.get(task, ""))
            self._forget_attempt(child, task)
            self._try(self._start, child)

    def _start(self, child: ChildRun) -> None:
        self._running[child.uid] = start(self._client, child)

    def _try(self, record: Callable[[ChildRun], None], child: ChildRun) -> None:
        refusal = refusal_of(record, child)
        if refusal:
            self.refusals.append(refusal)

    def _finish(self, finished: dict[str, Entry]) -> None:
        new: list[ChildRun] = []
        known: dict[str, list[tuple[ChildRun, str]]] = {}
        for uid, entry in finished.items():
            child = self._child(entry)
            if child is None:
                continue
            task = str(entry["task"])
            run_id = self._running.pop(uid, None)
            if run_id is not None:
                self._try(functools.partial(finish, self._client, run_id), child)
            elif entry.get("is_earlier"):
                known.setdefault(str(entry.get("study") or ""), []).append((child, task))
            else:
                self._forget_attempt(child, task)
                if self._is_replay:
                    known.setdefault("", []).append((child, task))
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

    def _child(self, entry: Entry) -> ChildRun | None:
        try:
            return finished_child(self._parent, entry)
        except (KeyError, TypeError, ValueError) as error:
            self.refusals.append(error)
            return None

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
