"""The recorder: one thread that tells the tracking store what the tasks said.

It follows the run's journal. Worker processes only append to that file, so they need no
connection to the store, and the store sees one writer. What is not recorded yet waits in the file:
the recorder takes it in pieces, and holds one at a time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from runforest.journal import JournalReader
from runforest.tracking.outage import incomplete_record
from runforest.tracking.outcome import TaskOutcome
from runforest.tracking.rows import log_rows
from runforest.tracking.transfer import upload_pointer, upload_result
from runforest.tracking.trial_recorder import TrialRecorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow import MlflowClient

    from runforest.journal import Entry
    from runforest.run import Run
    from runforest.tracking.runs import OpenedRun

POLL_S = 0.2
SWITCH_S = 0.001
"""How long a computing thread keeps the interpreter from the recorder, each time that needs it.

At Python's default, five times as much, the last trials are recorded half a second later.
"""

PAUSE_S = 0.001
"""Between two pieces: a lock is not handed to who waits for it unless its owner pauses."""

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
        on_entry: Callable[[Entry], None] = lambda _: None,
    ) -> None:
        self.outcomes: dict[str, TaskOutcome] = {}
        self._client = client
        self._run = run
        self._opened = opened
        self._on_entry = on_entry
        self._journal = JournalReader(run.journal_path)
        self._trials = TrialRecorder(client, opened)
        self._switch_s = sys.getswitchinterval()
        self._stop = threading.Event()
        self._refusals: list[Exception] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._follow, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to follow the journal."""
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()

    def stop(self) -> None:
        """Record what is left and stop following; `close` tells whether all went well."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        sys.setswitchinterval(self._switch_s)
        self._record_new()

    def close(self) -> None:
        """Stop, and see that everything was recorded.

        Raises
        ------
        StoreError
            Something could not be recorded.
        """
        self.stop()
        refusals = [*self._refusals, *self._trials.refusals]
        error = self._error or next(iter(refusals), None) or self._damage()
        if error is not None:
            raise incomplete_record(error, self._run.artifacts) from error

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S) and self._error is None:
            self._record_new()

    def _record_new(self) -> None:
        while self._error is None and self._record_piece():
            time.sleep(PAUSE_S)

    def _record_piece(self) -> bool:
        """Record some of what is new; return whether there was anything."""
        # What is called here writes to the log too, whose stream has a lock of its own.
        with _no_fork:
            try:
                entries = self._journal.next_piece(self._trials.n_at_once)
                if entries is None:
                    return False
                self._record(entries)
                for entry in entries:
                    self._on_entry(entry)
            except Exception as error:  # noqa: BLE001 - outermost border of the thread: kept for close()
                self._error = error
            return True

    def _record(self, entries: list[Entry]) -> None:
        self._refusals += log_rows(self._client, self._opened.run_id, entries)
        self._trials.record(entries)
        for entry in entries:
            handler = _HANDLERS.get(str(entry["event"]))
            if handler:
                handler(self, entry)

    def _on_started(self, entry: Entry) -> None:
        self.outcomes[str(entry["task"])] = TaskOutcome(status="started")

    def _on_committed(self, entry: Entry) -> None:
        duration_s = float(str(entry["duration_s"]))
        name = str(entry["task"])
        self.outcomes[name] = TaskOutcome(status="computed", duration_s=duration_s)
        if self._opened.local_folder is None:
            upload_result(self._opened.artifact_uri, self._run.artifacts / name)

    def _on_reused(self, entry: Entry) -> None:
        name = str(entry["task"])
        self.outcomes[name] = TaskOutcome(status="reused", reused_from=str(entry["reused_from"]))
        if self._opened.local_folder is None:
            upload_pointer(self._opened.artifact_uri, self._run.artifacts / name)

    def _on_failed(self, entry: Entry) -> None:
        self.outcomes[str(entry["task"])] = TaskOutcome(
            status="failed", traceback=str(entry["traceback"])
        )

    def _damage(self) -> Exception | None:
        damaged = self._journal.damaged
        return (
            ValueError(f"a line of its journal is damaged: {damaged[0][:80]!r}")
            if damaged
            else None
        )


_HANDLERS: dict[str, Callable[[Recorder, Entry], None]] = {
    "started": Recorder._on_started,  # noqa: SLF001 - the table of the class's own methods
    "committed": Recorder._on_committed,  # noqa: SLF001
    "reused": Recorder._on_reused,  # noqa: SLF001
    "failed": Recorder._on_failed,  # noqa: SLF001
}
