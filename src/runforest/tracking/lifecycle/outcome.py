"""What becomes of a task in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runforest.run.journal import Entry


@dataclass(kw_only=True)
class TaskOutcome:
    """The fate of a task: `status` is started, computed, reused or failed."""

    status: str
    duration_s: float = 0.0
    reused_from: str = ""
    traceback: str = ""


def outcome_of(entry: Entry) -> TaskOutcome | None:
    """Return what an entry of the journal says of its task's fate, None when it is of others."""
    match entry["event"]:
        case "started":
            return TaskOutcome(status="started")
        case "committed":
            return TaskOutcome(status="computed", duration_s=float(str(entry["duration_s"])))
        case "reused":
            return TaskOutcome(status="reused", reused_from=str(entry["reused_from"]))
        case "failed":
            return TaskOutcome(status="failed", traceback=str(entry["traceback"]))
    return None
