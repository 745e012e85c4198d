"""What becomes of a task in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.run.events import TaskCommitted, TaskFailed, TaskReused, TaskStarted

if TYPE_CHECKING:
    from runforest.run.events import Event


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


def outcome_of(event: Event) -> TaskOutcome | None:
    """Return what an event says of what became of its task, None when it is of other things."""
    match event:
        case TaskStarted():
            return TaskOutcome(status="started")
        case TaskCommitted(duration_s=duration_s):
            return TaskOutcome(status="computed", duration_s=duration_s)
        case TaskReused(reused_from=origin):
            return TaskOutcome(status="reused", reused_from=origin)
        case TaskFailed(traceback=traceback):
            return TaskOutcome(status="failed", traceback=traceback)
    return None
