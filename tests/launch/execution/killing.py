"""Killing a program at random instants of its run, which are told by what its tasks have said."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.run.events import TrialStarted
from runforest.run.journal import JournalReader
from tests.conftest import Outcome, wait_until
from tests.warm import kill_group

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from runforest.run.events import Event
    from tests.conftest import Project

POLL_S = 0.005
PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Instant:
    """So many seconds after a run's journal has got so many entries."""

    n_entries: int
    after_s: float


class Course:
    """When the tasks of an uninterrupted run said something."""

    def __init__(self, project: Project, *options: str) -> None:
        outcome = project.run(*options)
        assert outcome.code == 0, outcome
        ended_s = time.time()
        events = told(run_folders(project)[0])
        opened_s = project.top_runs()[0].info.start_time / 1000
        told_s = [event.timestamp_ms / 1000 for event in events]
        times_s = [opened_s, *told_s, ended_s]
        self._events = [None, *map(type, events)]
        self._gaps_s = [after - before for before, after in itertools.pairwise(times_s)]

    def random_instant(self, chance: random.Random, since: type[Event] | None = None) -> Instant:
        """Return an instant; each stretch between two entries is as likely as another.

        Most that can be destroyed happens in the short ones.

        Parameters
        ----------
        since
            The kind of the first event after which it may be; None: the start.
        """
        n_entries = chance.randrange(self._events.index(since), len(self._gaps_s))
        return Instant(n_entries=n_entries, after_s=chance.uniform(0, self._gaps_s[n_entries]))


def run_folders(project: Project) -> list[Path]:
    """Return the folders of a project's runs."""
    return list((project.folder / "mlruns").glob("titanic/*"))


def told(folder: Path) -> list[Event]:
    """Return what the tasks of a run have said so far, but for what only slow machines say."""
    events = JournalReader(folder / "journal.jsonl").next_piece(limit=100_000) or []
    return [event for event in events if not isinstance(event, TrialStarted)]


def kill_run(
    project: Project,
    options: tuple[str, ...],
    instant: Instant,
    kill: Callable[[int], None] = kill_group,
) -> Outcome:
    """Start the program, kill something of it at an instant of its run; return how it ended.

    Parameters
    ----------
    kill
        Gets the process id of the program. One that has ended before is not missed.
    """
    earlier = set(run_folders(project))
    started = project.start(*options)

    def has_come() -> bool:
        new = [folder for folder in run_folders(project) if folder not in earlier]
        is_far = bool(new) and len(told(new[0])) >= instant.n_entries
        return is_far or started.poll() is not None

    try:
        wait_until(has_come, timeout_s=PATIENCE_S, poll_s=POLL_S)
        time.sleep(instant.after_s)
        kill(started.pid)
    except BaseException:
        kill_group(started.pid)
        raise
    out, err = started.communicate(timeout=PATIENCE_S)
    return Outcome(code=started.returncode, out=out, err=err)


def phase_of_kill(project: Project) -> str:
    """Say how far the newest run was when it was killed."""
    runs = project.top_runs()
    if not runs:
        return "before the run"
    if runs[0].info.status != "RUNNING":
        return "after the run"
    entries = told(project.artifacts(runs[0]).parent)
    return f"{entries[-1].task} {type(entries[-1]).__name__}" if entries else "run opened"
