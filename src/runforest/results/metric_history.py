"""The history of a task's metrics: each value with its step, in a file beside the task's own."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from runforest.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HISTORY_NAME = "metric_history.csv"


class Point(NamedTuple):
    """A value of a metric, as it was logged."""

    name: str
    step: int
    value: float
    timestamp_ms: int


def save_points(path: Path, points: Iterable[Point]) -> None:
    """Write points as a table, in order."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Point._fields)
        writer.writerows(points)


def load_points(path: Path) -> list[Point]:
    """Return the points of a file that `save_points` wrote; ArtifactError if it is damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as source:
            return [
                Point(name, int(step), float(value), int(timestamp_ms))
                for name, step, value, timestamp_ms in islice(csv.reader(source), 1, None)
            ]
    except (OSError, ValueError, csv.Error) as error:
        message = f"{path} is no history of metrics ({error}). Delete its folder to recompute it."
        raise ArtifactError(message) from error
