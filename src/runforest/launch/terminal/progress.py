"""The progress of the searches: lines for the log, and a line of its own on a terminal.

The recorder hands over the journal's events as it records them. A study tells of each of its
trials until they come faster than a line a second; then it sums up. On a terminal one line that is
redrawn shows the same, and the trials go into the console log alone.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runforest.launch.terminal.live_line import LiveLine
from runforest.launch.terminal.logs import KEPT_ONLY
from runforest.launch.terminal.study_lines import StudyLines
from runforest.launch.terminal.study_progress import Study
from runforest.run.events import StudyStarted, TaskCommitted, TaskFailed, TrialFinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runforest.launch.terminal.console import ConsoleLog
    from runforest.launch.terminal.study_lines import Line
    from runforest.run.events import Event

logger = logging.getLogger(__name__)


class Progress:
    """What is shown of all studies of a run.

    A mistake in here ends the display with a warning, and never the run.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lines: dict[str, StudyLines] = {}
        self._live: LiveLine | None = None  # None: lines alone
        self._is_broken = False

    def on_event(self, event: Event) -> None:
        """Take in an event of the journal."""
        self._guarded(lambda: self._take(event))

    @contextmanager
    def shown_on(self, console: ConsoleLog) -> Iterator[None]:
        """Show a live line below the log while the block runs, if there is a terminal for it."""
        self._guarded(lambda: self._open(console))
        try:
            yield
        finally:
            self._guarded(self._tell_ends)
            self._guarded(self._close)

    def _take(self, event: Event) -> None:
        task = event.task
        match event:
            case StudyStarted():
                self._lines[task] = StudyLines(Study.of(event), self._clock)
                self._tell(self._lines[task].of_earlier(event.n_earlier))
            case TrialFinished():
                if task not in self._lines:
                    self._lines[task] = StudyLines(Study(task=task), self._clock)
                self._tell(self._lines[task].of_trial(event))
            case TaskCommitted() | TaskFailed() if task in self._lines:
                self._tell(self._lines.pop(task).of_end())
        self._show()

    def _tell(self, lines: Iterator[Line]) -> None:
        self._look_at_live_line()
        for line in lines:
            is_kept_only = line.is_detail and self._live is not None
            logger.log(line.level, "%s", line.text, extra={KEPT_ONLY: is_kept_only})

    def _tell_ends(self) -> None:
        for lines in self._lines.values():
            self._tell(lines.of_end())

    def _show(self) -> None:
        if self._live:
            running = [one.study for one in self._lines.values() if not one.study.is_complete]
            self._live.studies = tuple(running)

    def _open(self, console: ConsoleLog) -> None:
        if logger.isEnabledFor(logging.INFO):
            self._live = LiveLine.open(console, self._clock)

    def _look_at_live_line(self) -> None:
        """Go on with lines alone when the live line ended by a mistake."""
        if self._live and self._live.error:
            error = self._live.error
            self._close()
            logger.warning("The progress line is gone, by a mistake in it.", exc_info=error)

    def _close(self) -> None:
        if self._live:
            self._live.close()
            self._live = None

    def _guarded(self, step: Callable[[], None]) -> None:
        if self._is_broken:
            return
        try:
            step()
        except Exception:  # the border of the display: what it shows is less than the run
            self._is_broken = True
            self._close()
            logger.warning("The progress is no longer shown, by a mistake in it.", exc_info=True)
