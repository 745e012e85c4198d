"""What becomes of a task in a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class TaskOutcome:
    """The fate of a task: `status` is started, computed, reused or failed."""

    status: str
    duration_s: float = 0.0
    reused_from: str = ""
    traceback: str = ""
