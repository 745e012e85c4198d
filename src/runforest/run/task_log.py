"""What a task logs: metrics and their history, parameters, figures, progress."""

from __future__ import annotations

import csv
import logging
import time
from abc import abstractmethod
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, SupportsInt

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import HISTORY_NAME
from runforest.foundation.redact import known_secrets, redact
from runforest.results.artifacts import Artifact
from runforest.run.events import MetricsLogged, ParamsLogged, TaskReused, TaskStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runforest.results.manifest import Manifest
    from runforest.run.active import Run

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 1.0
"""Between two reports of progress, each of which may be a call of another machine."""


class Point(NamedTuple):
    """A value of a metric, as it was logged."""

    name: str
    step: int
    value: float
    timestamp_ms: int


def load_points(path: Path) -> list[Point]:
    """Return the points of a file of metrics; ArtifactError if it is damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as source:
            return [
                Point(name, int(step), float(value), int(timestamp_ms))
                for name, step, value, timestamp_ms in islice(csv.reader(source), 1, None)
            ]
    except (OSError, ValueError, csv.Error) as error:
        message = f"{path} is no history of metrics ({error}). Delete its folder to recompute it."
        raise ArtifactError(message) from error


def reused_event(manifest: Manifest, folder: Path) -> TaskReused:
    """Return the event of a result that was put into a folder, with what its task once logged."""
    points = load_points(folder / HISTORY_NAME) if manifest.has_history else []
    ended_ms = max((point.timestamp_ms for point in points), default=0)
    return TaskReused(
        task=folder.name,
        fingerprint=manifest.fingerprint,
        reused_from=str(manifest.reused_from),
        metrics=manifest.metrics,
        params=_named(manifest.params, folder.name),
        history=[
            (point.name, point.step, point.value, ended_ms - point.timestamp_ms) for point in points
        ],
    )


class TaskLog:
    """The logging methods of a task; they reach its run from any process.

    What is logged also stands in the manifest, so a reused result brings it along.
    """

    active_run: Run

    @property
    @abstractmethod
    def folder_name(self) -> str:
        """Name of the folder of this task's result."""

    artifact: Callable[..., Artifact]
    set_tracking_url: Callable[[str], None] | None
    set_progress_percentage: Callable[[int], None] | None
    set_status_message: Callable[[str], None] | None
    has_trials = False  # whether this task has recorded any
    _report_due_s = 0.0
    _is_page_lost = False

    @cached_property
    def logged_points(self) -> list[Point]:
        """Each value of a metric this task has logged, in order."""
        return []

    @property
    def logged_metrics(self) -> dict[str, float]:
        """Last value of each metric this task has logged."""
        return {point.name: point.value for point in self.logged_points}

    @cached_property
    def logged_params(self) -> dict[str, str]:
        """Parameters this task has logged beside its own, by the names that it gave them."""
        return {}

    def log_metric(self, name: str, value: float, *, step: int = 0) -> None:
        """Record a metric of the run."""
        self.log_metrics({name: value}, step=step)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Record several metrics of the run at one step."""
        values = {name: float(value) for name, value in metrics.items()}
        if not isinstance(step, SupportsInt) or step % 1:
            message = f"The step of a metric must be a whole number, got {step!r}. Count the steps."
            raise ValueError(message)
        event = MetricsLogged(task=self.folder_name, values=values, step=int(step))
        self.logged_points.extend(
            Point(name, event.step, value, event.timestamp_ms) for name, value in values.items()
        )
        self.active_run.journal.append(event)

    def log_param(self, name: str, value: object) -> None:
        """Record a parameter of the run; its name is preceded by the task's."""
        self.log_params({name: value})

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record several parameters of the run; their names are preceded by the task's."""
        secrets = known_secrets()
        values = {name: redact(str(value), secrets) for name, value in params.items()}
        self.logged_params.update(values)
        named = _named(values, self.folder_name)
        self.active_run.journal.append(ParamsLogged(task=self.folder_name, values=named))

    def log_figure(self, figure: object, name: str) -> None:
        """Save a matplotlib figure as an artifact of this task, such as `residuals.png`."""
        self.artifact(name).save(figure)

    def report_progress(self, done: int, total: int, message: str = "") -> None:
        """Show on Luigi's page how far the task is: once a second at most, and at the end.

        When Luigi's scheduler has gone away, that is logged and the task goes on without the page.
        """
        is_due = time.monotonic() >= self._report_due_s or done >= total
        if self._is_page_lost or not is_due:
            return
        percentage = round(100 * done / max(total, 1))
        try:
            if self.set_progress_percentage:
                self.set_progress_percentage(percentage)
            if message and self.set_status_message:
                self.set_status_message(message)
        except Exception as error:  # noqa: BLE001  border: the page is no part of the work
            self._is_page_lost = True  # Luigi tries for a minute before it gives up.
            logger.warning("Luigi's page does not show the progress any more: %s", error)
        self._report_due_s = time.monotonic() + REPORT_EVERY_S

    def saved_history(self, folder: Path) -> list[Artifact]:
        """Save the metrics into a file, if they are more than a value each without a step."""
        points = self.logged_points
        if len(points) == len(self.logged_metrics) and not any(point.step for point in points):
            return []
        history = Artifact(folder, HISTORY_NAME, is_volatile=True)
        with history.path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([Point._fields, *points])
        return [history]

    def _start_log(self) -> None:
        """Forget what was logged before, and log that the task has started."""
        self.logged_points.clear()
        self.logged_params.clear()
        if self.set_tracking_url and self.active_run.settings.page:
            self.set_tracking_url(self.active_run.settings.page)
        self.active_run.journal.append(TaskStarted(task=self.folder_name))


def _named(params: Mapping[str, str], folder: str) -> dict[str, str]:
    """Return parameters by the names that they have in a run."""
    return {f"{folder}.{name}": value for name, value in params.items()}
