"""The progress of the searches: lines in the log, and a status line on a terminal."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from runforest.launch.terminal.console import FORMAT
from runforest.launch.terminal.study_progress import StudyProgress, reason_text
from runforest.run.events import StudyStarted, TaskCommitted, TaskFailed, TrialFinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runforest.launch.terminal.console import ConsoleLog
    from runforest.run.events import Event

logger = logging.getLogger(__name__)

REFRESH_S = 0.2
BAR_COLUMNS, ROOM_FOR_BAR = 20, 100

INTERVAL_S = (1.0, 10.0)
"""Seconds between two lines of a study: a hundredth of its duration, within these bounds."""

MAX_REASONS = 10
"""Distinct reasons of failed trials that are logged of a study."""


class Progress:
    """Logs how the studies of a run go on, and shows it on a terminal.

    A study has a line per trial, or one that sums up, when the last one is long enough ago. While a
    terminal shows the status line, these go into the console log alone.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._studies: dict[str, StudyProgress] = {}
        self._console: ConsoleLog | None = None  # None: no terminal shows the status line

    def on_event(self, event: Event) -> None:
        """Take in an event of the journal."""
        match event:
            case StudyStarted():
                now_s = self._clock()
                study = StudyProgress(start=event, started_s=now_s, logged_s=now_s)
                self._studies[event.task] = study
                if event.n_earlier:
                    logger.info("%s goes on from %d finished trials", event.task, event.n_earlier)
            case TrialFinished() if event.task in self._studies:
                self._on_trial(event, self._studies[event.task])
            case TaskCommitted() | TaskFailed() if event.task in self._studies:
                self._log_end(self._studies.pop(event.task))

    @contextmanager
    def shown_on(self, console: ConsoleLog) -> Iterator[None]:
        """Show the status line while the block runs, if there is a terminal for it."""
        terminal = Console(file=console.terminal(), highlight=False)
        is_shown = terminal.is_interactive and logger.isEnabledFor(logging.INFO)
        self._console = console if is_shown else None
        stop = threading.Event()
        # A thread of its own: a terminal that is held (Ctrl-S) must not hold the recorder.
        thread = threading.Thread(
            target=self._draw, args=(console, terminal, stop), name="progress", daemon=True
        )
        if is_shown:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            if is_shown:
                thread.join(timeout=2.0)
            self._console = None
            for study in self._studies.values():
                self._log_end(study)
            terminal.file.close()

    def _on_trial(self, trial: TrialFinished, study: StudyProgress) -> None:
        now_s = self._clock()
        study.add(trial)
        if trial.is_earlier:
            return
        self._log_reason(study, trial)
        least_s, most_s = INTERVAL_S
        interval_s = min(max((now_s - study.started_s) / 100, least_s), most_s)
        if now_s - study.logged_s >= interval_s and study.n_done < study.start.n_trials:
            study.logged_s = now_s
            self._log_detail(study.trial_text(trial, now_s))

    def _log_reason(self, study: StudyProgress, trial: TrialFinished) -> None:
        reason = reason_text(trial)
        if not reason or (reason not in study.reasons and len(study.reasons) == MAX_REASONS):
            return
        study.reasons[reason] += 1
        if study.reasons[reason] == 1:
            logger.warning("%s trial %d failed: %s", trial.task, trial.number, reason)

    def _log_end(self, study: StudyProgress) -> None:
        for reason, count in study.reasons.items():
            if count > 1:
                logger.warning("%s %d trials failed: %s", study.start.task, count, reason)
        logger.info("%s", study.text())

    def _log_detail(self, text: str) -> None:
        if self._console is None:
            logger.info("%s", text)
            return
        record = logging.LogRecord(logger.name, logging.INFO, "", 0, text, None, None)
        self._console.record(FORMAT.format(record))

    def _draw(self, console: ConsoleLog, terminal: Console, stop: threading.Event) -> None:
        try:
            while not stop.wait(REFRESH_S):
                terminal.width = console.columns()
                console.show(*status_lines(list(self._studies.values()), terminal, self._clock()))
        finally:
            console.show()


def status_lines(studies: list[StudyProgress], terminal: Console, now_s: float) -> list[str]:
    """Return a line for each study, none wider than the terminal; the best trial has the rest."""
    from rich import progress
    from rich.table import Column

    rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns: list[progress.ProgressColumn] = [
        progress.TextColumn("{task.description}", style="bold", markup=False),
        progress.BarColumn(bar_width=BAR_COLUMNS),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[left]}", style="cyan", markup=False),
        progress.TextColumn("{task.fields[best]}", "green", markup=False, table_column=rest),
    ]
    if terminal.width < ROOM_FOR_BAR:
        del columns[1]
    bars = progress.Progress(*columns, console=terminal, auto_refresh=False, expand=True)
    for one in studies:
        fields = {"left": one.left_text(now_s), "best": one.best_text}
        bars.add_task(one.start.task, total=one.start.n_trials, completed=one.n_done, **fields)  # type: ignore[arg-type] # they are the fields
    with terminal.capture() as captured:
        terminal.print(bars.get_renderable(), end="")
    return [line.rstrip() for line in captured.get().splitlines()]
