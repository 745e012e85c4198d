"""The recorder: one thread that writes the events of the tasks to the tracking store.

It follows the run's journal. Worker processes only append to that file, so they need no
connection to the store, and the store sees one writer. What is not recorded yet waits in the file:
the recorder takes it in pieces, and holds one at a time. When the store fails it goes on reading,
and tries to record what is missing once more when it is closed.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from runforest.foundation.errors import StoreError
from runforest.run.journal import JournalReader
from runforest.tracking.recorder.writer import EventWriter, damage, replay_journal
from runforest.tracking.store.connect import check_reachable
from runforest.tracking.store.failures import first_line
from runforest.tracking.store.uri import StoreUri

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow import MlflowClient

    from runforest.run.active import Run
    from runforest.run.events import Event
    from runforest.tracking.lifecycle.open_close import OpenedRun

logger = logging.getLogger(__name__)

POLL_S = 0.2
SWITCH_S = 0.001
"""How long the recorder waits for the interpreter each time while another thread computes.

At Python's default, five times as much, the last trials are recorded half a second later.
"""

PAUSE_S = 0.001
"""Between two pieces: a lock is not handed to who waits for it unless its owner pauses."""

HURRY_S = 3.0
"""What is left to record may take so long after a person's second wish to end."""

_LATER = (
    "The run is not recorded any more: %s. Its tasks go on; what is missing will be recorded when "
    "they are over, if the store is back by then."
)

# A process forked while the recorder is at work would inherit the locks it holds for ever: those of
# MLflow's connections, and those of the streams that it logs to.
_no_fork = threading.Lock()
os.register_at_fork(
    before=_no_fork.acquire,
    after_in_parent=_no_fork.release,
    after_in_child=_no_fork.release,
)


class Recorder:
    """Follows the journal of a run and records it, until it is closed."""

    def __init__(
        self,
        client: MlflowClient,
        run: Run,
        opened: OpenedRun,
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._run = run
        self._opened = opened
        self._on_event = on_event
        self._journal = JournalReader(run.journal_path)
        self._writer = EventWriter(client, opened, run.folder)
        self._switch_s = sys.getswitchinterval()
        self._stop, self._has_ended = threading.Event(), threading.Event()
        self._is_interrupted = self._is_leaving = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._follow, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to follow the journal."""
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    @property
    def is_left(self) -> bool:
        """Whether the rest was left to the next start, for want of patience."""
        return self._is_leaving and self._journal.has_more()

    def stop(self) -> None:
        """Record what is left and stop following; interrupted, `close` does not wait for long."""
        self._stop.set()
        try:
            if self._thread.ident is not None:
                self._has_ended.wait()  # not `join`: interrupted, it takes a thread for ended
        except KeyboardInterrupt:
            self._is_interrupted = True
            raise
        sys.setswitchinterval(self._switch_s)

    def close(self) -> None:
        """Stop, and see that everything was recorded; an interrupt is not expected here.

        Raises
        ------
        StoreError
            Something could not be recorded.
        """
        if self._is_interrupted:
            self._is_leaving = not self._has_ended.wait(HURRY_S)
        self.stop()
        self._record_new()  # what was written after the end, or all of it
        problem = None if self.is_left else self._first_problem()
        if problem is not None:
            raise StoreError(first_line(problem)) from problem

    def _first_problem(self) -> Exception | None:
        """Return what could not be recorded; after an error, all is tried once more."""
        problems = [*self._writer.refusals, *map(damage, self._journal.damaged)]
        if self._error is not None:
            try:
                check_reachable(StoreUri(self._client.tracking_uri))
                problems = replay_journal(self._client, self._opened, self._run.folder)
            except Exception as error:  # noqa: BLE001 - of whichever library
                return error
        torn = self._journal.torn_end()
        return next(iter([*problems, *([damage(torn)] if torn else [])]), None)

    def _follow(self) -> None:
        pause_s = POLL_S
        while not self._stop.wait(pause_s):
            clock = time.monotonic()
            self._record_new()
            # While a slow store took its time, enough has gathered.
            pause_s = max(PAUSE_S, POLL_S - (time.monotonic() - clock))
        self._record_new()
        self._has_ended.set()

    def _record_new(self) -> None:
        """Record all that waits; what comes meanwhile is left to gather, for fewer transactions."""
        while not self._is_leaving and self._record_piece() and self._journal.is_behind:
            time.sleep(PAUSE_S)

    def _record_piece(self) -> bool:
        """Record some of what is new; return whether there was anything."""
        before = self._journal.offset
        with _no_fork:  # what is called here writes to the log too, whose stream has a lock
            try:
                events = self._journal.next_piece(self._writer.n_at_once) or []
                for event in events:
                    self._on_event(event)
                if events and self._error is None:
                    self._writer.write(events)
            except Exception as error:  # noqa: BLE001 - border: of the thread; `close` raises it
                if self._error is None and not self._stop.is_set():
                    logger.error(_LATER, first_line(error))  # noqa: TRY400 - the store's own matter
                self._error = self._error or error
        return self._journal.offset > before
