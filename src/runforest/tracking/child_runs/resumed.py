"""Child runs that a study finds when it goes on: kept, moved below the new run, or written anew."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.tracking.child_runs.child_run import Move
from runforest.tracking.child_runs.writers import finish
from runforest.tracking.store.failures import refusal_of
from runforest.tracking.tags import RESULT_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient

    from runforest.tracking.child_runs.child_run import ChildRun, FoundChild
    from runforest.tracking.child_runs.writers import ChildRuns

UNFINISHED = {"KILLED", "FAILED"}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of a trial that may have a child run already.

    Attributes
    ----------
    use
        The child run that stays for it; None: it is written anew.
    surplus
        Further child runs of it below the same parent.
    """

    use: FoundChild | None
    surplus: tuple[FoundChild, ...] = ()


@dataclass(kw_only=True)
class EarlierTrials:
    """The child runs of a study's trials as the store has them.

    Trials have to be recorded once each: what is written here is not looked up again.

    Attributes
    ----------
    refusals
        Where to put what the store says of trials that it does not take.
    """

    client: MlflowClient
    store: ChildRuns
    found: dict[str, list[FoundChild]]
    refusals: list[Exception]
    _parents: dict[tuple[str, str], bool] = field(default_factory=dict, init=False)

    def adopt(self, children: Sequence[tuple[ChildRun, str]]) -> list[ChildRun]:
        """Let trials have their child runs below their parent; return those that need a new one.

        Parameters
        ----------
        children
            Each with the folder of its task.
        """
        missing, moves = [], []
        for child, task in children:
            decision = self._decide(child, task)
            for surplus in decision.surplus:
                self.client.delete_run(surplus.run_id)
            if decision.use is None:
                missing.append(child)
            elif not decision.use.is_complete(child):
                self._complete(decision.use.run_id, child)
            elif (decision.use.parent_id, decision.use.name) != (child.parent_id, child.name):
                moves.append(
                    Move(run_id=decision.use.run_id, parent_id=child.parent_id, name=child.name)
                )
        self.store.move(moves)
        return missing

    def forget(self, uid: str, task: str) -> None:
        """Delete what a trial that is tried again left below a run without a result."""
        for one in self.found.pop(uid, []):
            if self._may_leave(one.parent_id, task):
                self.client.delete_run(one.run_id)

    def _complete(self, run_id: str, child: ChildRun) -> None:
        refusal = refusal_of(functools.partial(finish, self.client, run_id), child)
        if refusal:
            self.refusals.append(refusal)

    def _decide(self, child: ChildRun, task: str) -> Decision:
        """Prefer a complete child run to a half one, and one at home to others."""
        found = self.found.pop(child.uid, [])
        home = [one for one in found if one.parent_id == child.parent_id]
        away = [
            one
            for one in found
            if one.parent_id != child.parent_id and self._may_leave(one.parent_id, task)
        ]
        ranked = sorted([*home, *away], key=lambda one: not one.is_complete(child))
        use = ranked[0] if ranked else None
        return Decision(use=use, surplus=tuple(one for one in home if one is not use))

    def _may_leave(self, parent_id: str, task: str) -> bool:
        key = (parent_id, task)
        if key not in self._parents:
            self._parents[key] = has_no_result(self.client, parent_id, task)
        return self._parents[key]


def has_no_result(client: MlflowClient, run_id: str, task: str) -> bool:
    """Return whether a run ended without a result of a task, so that its trials may leave it."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise
    results = {name for tag, name in run.data.tags.items() if tag.startswith(RESULT_TAG)}
    is_open = run.info.lifecycle_stage == "active" and run.info.status in UNFINISHED
    return is_open and task not in results
