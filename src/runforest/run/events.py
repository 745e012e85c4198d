"""The events of a run's journal: one class each, and the lines that they are written as."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.foundation.redact import known_secrets, redact_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MACHINE_FIELDS = frozenset(
    {"event", "task", "key", "study", "uid", "state", "fingerprint", "reused_from"}
)
"""What programs read and no person wrote: a secret that occurs in it does so by chance."""


def now_ms() -> int:
    """Return the milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a task has done; `task` is the folder of its result."""

    task: str
    timestamp_ms: int = field(default_factory=now_ms)


@dataclass(frozen=True, kw_only=True)
class TaskStarted(Event):
    """A task begins to compute."""


@dataclass(frozen=True, kw_only=True)
class TaskCommitted(Event):
    """A task has computed its result."""

    duration_s: float
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class TaskReused(Event):
    """A task has taken an equal result of the run `reused_from`, with what was logged there."""

    fingerprint: str
    reused_from: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    history: Sequence[tuple[str, int, float, int]] = ()
    """Name, step, value and age in milliseconds of each value of a metric."""


@dataclass(frozen=True, kw_only=True)
class TaskFailed(Event):
    """A task has raised an error."""

    traceback: str


@dataclass(frozen=True, kw_only=True)
class MetricsLogged(Event):
    """A task has logged metrics."""

    values: Mapping[str, float]
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class ParamsLogged(Event):
    """A task has logged parameters, by the names that they have in the run."""

    values: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class StudyStarted(Event):
    """A task begins a study, or goes on with one that has `n_earlier` finished trials."""

    key: str
    n_trials: int
    n_earlier: int
    timeout_s: float | None = None
    objective: str = ""
    """Name of the score that decides which trial is the best."""
    is_lower_better: bool = False


@dataclass(frozen=True, kw_only=True)
class TrialStarted(Event):
    """A trial is computed that takes long."""

    uid: str
    params: Mapping[str, object]
    started_ms: int


@dataclass(frozen=True, kw_only=True)
class TrialFinished(Event):
    """A trial has ended: the fields of the tuner's `TrialRecord`, and the key of its study.

    `is_earlier` says that an earlier run computed it.
    """

    uid: str
    number: int
    params: Mapping[str, object]
    state: str
    value: float | None
    std: float | None
    fold_scores: Sequence[float]
    further: Mapping[str, Sequence[float]] = field(default_factory=dict)
    started_ms: int
    duration_s: float
    reason: str | None = None
    n_rounds: int | None = None
    study: str = ""
    objective: str = ""
    """Name of the score of `value`, `std` and `fold_scores`."""
    is_earlier: bool = False


EVENTS: dict[str, type[Event]] = {
    "started": TaskStarted,
    "committed": TaskCommitted,
    "reused": TaskReused,
    "failed": TaskFailed,
    "metrics": MetricsLogged,
    "params": ParamsLogged,
    "study": StudyStarted,
    "trial_started": TrialStarted,
    "trial": TrialFinished,
}
_NAMES = {kind: name for name, kind in EVENTS.items()}


def to_json(event: Event) -> bytes:
    """Return an event as a line of the journal, secrets masked where people write."""
    secrets = known_secrets()
    fields = {"event": _NAMES[type(event)], **vars(event)}
    masked = {
        key: value if key in _MACHINE_FIELDS else redact_all(value, secrets)
        for key, value in fields.items()
    }
    return (json.dumps(masked, separators=(",", ":")) + "\n").encode()


def from_json(line: bytes) -> Event:
    """Return the event of a line; ValueError for one that is torn, or no event."""
    try:
        fields = json.loads(line)
        return EVENTS[fields.pop("event")](**fields)
    except (AttributeError, KeyError, TypeError) as error:
        message = f"not an event: {line[:80]!r}"
        raise ValueError(message) from error
