"""The line on a terminal that shows how far the studies are, redrawn in place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from runforest.launch.terminal.study_words import (
    count_text,
    rate_text,
    span_text,
    states_text,
    trial_text,
    value_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from runforest.launch.terminal.console import ConsoleLog
    from runforest.launch.terminal.study_progress import Study

REFRESH_S = 0.2
BAR_COLUMNS = 20
_ROOM_FOR_BAR = 100
_ROOM_FOR_TRIAL = 16
_GAP = "  "
_LEAST_FIRST = ("trial", "rate", "states", "left", "best")
_STYLES = {"best": "bold green", "trial": "dim", "states": "yellow", "rate": "cyan", "left": "cyan"}


class LiveLine:
    """Redraws a line for each of `studies`, in a thread of its own, until it is closed.

    The thread alone writes: a terminal that is held (Ctrl-S) must not hold the recorder. When it
    ends by a mistake, `error` says which.
    """

    def __init__(self, console: ConsoleLog, terminal: Console, clock: Callable[[], float]) -> None:
        self.studies: tuple[Study, ...] = ()
        self.error: Exception | None = None
        self._console = console
        self._terminal = terminal
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    @classmethod
    def open(cls, console: ConsoleLog, clock: Callable[[], float]) -> Self | None:
        """Begin to draw on the console's terminal; None when it has none that can redraw."""
        if not console.is_terminal:
            return None
        terminal = Console(file=console.terminal(), highlight=False)
        if not terminal.is_interactive:
            terminal.file.close()
            return None
        live = cls(console, terminal, clock)
        live._thread.start()
        return live

    def close(self) -> None:
        """Take the line away."""
        self._stop.set()
        self._thread.join(timeout=2.0)  # a terminal that is held is not waited for
        self._terminal.file.close()

    def _follow(self) -> None:
        try:
            while not self._stop.wait(REFRESH_S):
                self._terminal.width = self._console.columns()
                now_s = self._clock()
                lines = [status_line(one, self._terminal, now_s) for one in self.studies]
                self._console.show(lines)
        except Exception as error:  # noqa: BLE001 - outermost border of the thread: kept for its owner
            self.error = error
        finally:
            self._console.show([])


def status_line(study: Study, terminal: Console, now_s: float) -> str:
    """Return how far a study is, in one line that fits into the terminal.

    What is worth least is left out first.
    """
    grid = Table.grid(padding=(0, 1))
    cells = [Text(study.task, style="bold", no_wrap=True, overflow="ellipsis")]
    room = terminal.width - cells[0].cell_len - 1
    row: list[Text | ProgressBar] = [*cells]
    if terminal.width >= _ROOM_FOR_BAR and study.n_trials:
        row.append(ProgressBar(total=study.n_trials, completed=study.n_done, width=BAR_COLUMNS))
        room -= BAR_COLUMNS + 1
    row.append(_fitted(_parts(study, now_s), room))
    for _ in row:
        grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_row(*row)
    with terminal.capture() as captured:
        terminal.print(grid, end="")
    return captured.get().rstrip("\n")


def _parts(study: Study, now_s: float) -> dict[str, str]:
    best, rate, left_s = study.best, study.rate, study.left_s(now_s)
    has_best = best is not None and best.value is not None
    parts = {
        "count": count_text(study),
        "best": f"best {value_text(best.value)}" if best and best.value is not None else "",
        "trial": trial_text(best) if best and has_best else "",
        "states": _GAP.join(states_text(study)),
        "rate": rate_text(rate) if rate else "",
        "left": "" if left_s is None else f"{span_text(left_s)} left",
    }
    return {name: text for name, text in parts.items() if text}


def _fitted(parts: dict[str, str], room: int) -> Text:
    """Return the parts in a line, without those that there is no room for."""
    for name in _LEAST_FIRST:
        excess = _joined(parts).cell_len - room
        if excess <= 0:
            break
        if name not in parts:
            continue
        part = Text(parts[name])
        if name == "trial" and part.cell_len - excess >= _ROOM_FOR_TRIAL:
            part.truncate(part.cell_len - excess, overflow="ellipsis")
            parts = parts | {name: part.plain}
        else:
            parts = {key: text for key, text in parts.items() if key != name}
    return _joined(parts)


def _joined(parts: dict[str, str]) -> Text:
    texts = (Text(text, style=_STYLES.get(name, "")) for name, text in parts.items())
    return Text(_GAP).join(texts)
