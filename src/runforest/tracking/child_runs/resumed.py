"""Child runs of a resumed study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from runforest.tracking.store.connect import find_active_run
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow import MlflowClient

    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.child_runs.writers import ChildRuns

ParentState = Literal["gone", "unfinished", "finished"]


@dataclass(kw_only=True)
class ResumedStudy:
    """The child runs of a study's trials as the store has them, each of which is used once.

    Those of a run that was killed or failed move to the run that goes on. Those of a run with a
    result of the study's task stay there: `origins` has the tasks of such runs by run id.
    """

    client: MlflowClient
    store: ChildRuns
    found: dict[str, list[FoundChild]]
    finish: Callable[[str, ChildRun], None]
    origins: dict[str, str] = field(default_factory=dict, init=False)
    _parents: dict[tuple[str, str], ParentState] = field(default_factory=dict, init=False)

    def adopt(self, children: Sequence[tuple[ChildRun, str]]) -> list[ChildRun]:
        """Find the child runs of finished trials, each given with the folder of its task.

        Those that have to be written are returned.
        """
        missing, moves = [], {}
        for child, task in children:
            found = self.found.pop(child.uid, [])
            own = [one for one in found if one.parent_id == child.parent_id]
            movable = [one for one in found if self._parent(one, child, task) == "unfinished"]
            use = min([*own, *movable], key=lambda one: not one.is_complete(child), default=None)
            for surplus in own:
                if surplus is not use:
                    self.client.delete_run(surplus.run_id)
            if use is None and not self._stays(found, child, task):
                missing.append(child)
            elif use and not use.is_complete(child):
                self.finish(use.run_id, child)
            elif use and (use.parent_id, use.name) != (child.parent_id, child.name):
                moves[use.run_id] = child
        self.store.move(moves)
        return missing

    def forget(self, child: ChildRun, task: str) -> None:
        """Delete what a trial that is tried again left below a run without a result."""
        for one in self.found.pop(child.uid, []):
            if self._parent(one, child, task) == "unfinished":
                self.client.delete_run(one.run_id)

    def _stays(self, found: Sequence[FoundChild], child: ChildRun, task: str) -> bool:
        for one in found:
            if one.is_complete(child) and self._parent(one, child, task) == "finished":
                self.origins[one.parent_id] = task
                return True
        return False

    def _parent(self, one: FoundChild, child: ChildRun, task: str) -> ParentState | None:
        """Return the state of the other run that a child run is below; None of its own run."""
        key = (one.parent_id, task)
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
