"""Child runs of a resumed study."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from runforest.tracking.child_runs.writers import finish
from runforest.tracking.store.connect import find_active_run
from runforest.tracking.store.failures import refusals_of
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.child_runs.database_writer import BulkChildRuns
    from runforest.tracking.child_runs.writers import ClientChildRuns

ParentState = Literal["gone", "unfinished", "finished"]


@dataclass(kw_only=True)
class ResumedStudy:
    """The child runs of a study's trials as the store has them, each of which is used once.

    Those of a run that was killed or failed move to the run that goes on. Those of a run with a
    result of the study's task stay there: `origins` has the tasks of such runs by run id.
    """

    client: MlflowClient
    store: ClientChildRuns | BulkChildRuns
    found: dict[str, list[FoundChild]]
    origins: dict[str, str] = field(default_factory=dict, init=False)
    refusals: list[MlflowException]
    _parents: dict[tuple[str, str], ParentState] = field(default_factory=dict, init=False)

    def adopt(self, children: Iterable[ChildRun]) -> list[ChildRun]:
        """Find the child runs of finished trials; return those that have to be written."""
        missing, moves = [], {}
        for child in children:
            found = self.found.pop(child.uid, [])
            own = [one for one in found if one.parent_id == child.parent_id]
            movable = [one for one in found if self._parent(one, child) == "unfinished"]
            use = min([*own, *movable], key=lambda one: not one.is_complete(child), default=None)
            for surplus in own:
                if surplus is not use:
                    self.client.delete_run(surplus.run_id)
            if use is None and not self._stays(found, child):
                missing.append(child)
            elif use and not use.is_complete(child):
                finish_use = partial(finish, self.client, use.run_id)
                self.refusals += refusals_of(finish_use, child)
            elif use and (use.parent_id, use.name) != (child.parent_id, child.name):
                moves[use.run_id] = child
        self.store.move(moves)
        return missing

    def forget(self, child: ChildRun) -> None:
        """Delete what a trial that is tried again left below a run without a result."""
        for one in self.found.pop(child.uid, []):
            if self._parent(one, child) == "unfinished":
                self.client.delete_run(one.run_id)

    def _stays(self, found: Iterable[FoundChild], child: ChildRun) -> bool:
        for one in found:
            if one.is_complete(child) and self._parent(one, child) == "finished":
                self.origins[one.parent_id] = child.task
                return True
        return False

    def _parent(self, one: FoundChild, child: ChildRun) -> ParentState | None:
        """Return the state of the other run that a child run is below; None of its own run."""
        key = (one.parent_id, child.task)
        if one.parent_id == child.parent_id:
            return None
        if key not in self._parents:
            self._parents[key] = _parent_state(self.client, *key)
        return self._parents[key]


def _parent_state(client: MlflowClient, run_id: str, task: str) -> ParentState:
    """Return whether a run is there, and has ended without a result of a task."""
    run = find_active_run(client, run_id)
    if run is None:
        return "gone"
    results = {name for tag, name in run.data.tags.items() if tag.startswith(RESULT_TAG)}
    is_unfinished = run.info.status in {"KILLED", "FAILED"} and task not in results
    return "unfinished" if is_unfinished else "finished"
