"""What became of the tasks of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.tracking.store.names import shortened
from runforest.tracking.tags import TASKS_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow import MlflowClient


@dataclass(kw_only=True)
class TaskOutcome:
    """What became of a task: `status` is started, computed, reused or failed.

    `n_attempts` is above 1 where Luigi tried again after an error ([scheduler] retry_count).
    """

    status: str
    n_attempts: int = 1
    duration_s: float = 0.0
    reused_from: str = ""
    traceback: str = ""


def tag_tasks(client: MlflowClient, run_id: str, outcomes: Mapping[str, TaskOutcome]) -> None:
    """Show on the run's page what became of each task, in one tag."""
    if outcomes:
        parts = [
            f"{name} {outcome.status}"
            + (f" {outcome.duration_s:.2f} s" if outcome.duration_s else "")
            for name, outcome in outcomes.items()
        ]
        client.set_tag(run_id, TASKS_TAG, shortened(", ".join(parts)))
