"""The progress of a search: lines that never flood the log, and a status line that fits."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from runforest.launch.terminal.progress import Progress, status_lines
from runforest.launch.terminal.study_progress import StudyProgress
from runforest.run.events import StudyStarted, TaskCommitted, TaskFailed, TrialFinished

if TYPE_CHECKING:
    from runforest.run.events import Event


def study(n_trials: int, *, task: str = "Tuner", **fields: object) -> StudyStarted:
    return StudyStarted(task=task, key="ab", n_trials=n_trials, **({"n_earlier": 0} | fields))


def trial(number: int, **fields: object) -> TrialFinished:
    usual = {
        "task": "Tuner",
        "uid": f"u{number}",
        "params": {"alpha": 0.1, "kind": "l2"},
        "state": "complete",
        "value": 0.5,
        "std": None,
        "fold_scores": [],
        "started_ms": 0,
        "duration_s": 1.0,
    }
    return TrialFinished(number=number, **(usual | fields))


class Shown:
    """A progress without a terminal, at times of our own, and the lines it logs."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now_s = 1000.0
        self.progress = Progress(clock=lambda: self.now_s)
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def take(self, event: Event) -> None:
        self.progress.on_event(event)

    def trial(self, number: int, *, after_s: float = 0.0, **fields: object) -> None:
        """Take a trial that ends some time after what was before."""
        self.now_s += after_s
        self.take(trial(number, **fields))

    @property
    def lines(self) -> list[str]:
        return self._caplog.messages


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Shown:
    return Shown(caplog)


def test_each_trial_of_a_slow_study_has_a_line(shown: Shown) -> None:
    shown.take(study(50))

    for number in range(30):
        shown.trial(number, after_s=1.5)

    assert len(shown.lines) == 30
    assert shown.lines[7] == (
        "Tuner trial 7 complete 0.5000 (alpha 0.1, kind l2): 8/50 trials, best 0.5000, 63 s left"
    )


def test_a_fast_study_has_a_line_a_second(shown: Shown) -> None:
    shown.take(study(10_000))

    for number in range(2000):
        shown.trial(number, after_s=0.01, value=0.5 + number / 10_000)

    assert 18 <= len(shown.lines) <= 21
    assert "1111/10000 trials, best 0.6110" in shown.lines[10]


def test_the_time_left_is_no_longer_than_the_timeout_of_the_study(shown: Shown) -> None:
    shown.take(study(10_000, timeout_s=30.0))

    for number in range(101):
        shown.trial(number, after_s=0.01)

    assert shown.lines[0].endswith(", 29 s left")


def test_a_long_fast_study_has_a_line_in_ten_seconds(shown: Shown) -> None:
    shown.take(study(100_000))
    for number in range(7200):
        shown.trial(number, after_s=0.5)
    n_before = len(shown.lines)

    for number in range(7200, 7200 + 600):
        shown.trial(number, after_s=0.5)

    assert n_before < 600
    assert 29 <= len(shown.lines) - n_before <= 31


@pytest.mark.parametrize(
    "end",
    [
        TaskCommitted(task="Tuner", duration_s=9.0, fingerprint="ab"),
        TaskFailed(task="Tuner", traceback="ValueError"),
    ],
    ids=["committed", "failed"],
)
def test_a_study_is_summed_up_when_its_task_ends(shown: Shown, end: Event) -> None:
    shown.take(study(1000))

    shown.trial(0)
    shown.trial(1, value=0.8312, params={"alpha": 0.25})
    shown.trial(2, state="pruned", value=None)
    shown.trial(3, state="failed", value=None, reason="ValueError: no")
    shown.take(end)

    assert shown.lines[-1] == (
        "Tuner 4/1000 trials, best 0.8312 (trial 1: alpha 0.25), 1 pruned, 1 failed"
    )


def test_trials_of_an_earlier_run_count_as_done_but_not_into_the_pace(shown: Shown) -> None:
    shown.take(study(10, n_earlier=6))
    for number in range(6):
        shown.take(trial(number, is_earlier=True, reason="ValueError: no", value=0.4))
    for number in range(6, 9):
        shown.trial(number, after_s=2)

    assert shown.lines[0] == "Tuner goes on from 6 finished trials"
    assert shown.lines[1].startswith("Tuner trial 6 ")
    assert "9/10 trials, best 0.5000," in shown.lines[-1]
    assert shown.lines[-1].endswith("2 s left")


def test_a_reason_of_failed_trials_is_logged_once_and_counted_at_the_end(shown: Shown) -> None:
    shown.take(study(6))

    for number, reason in enumerate(["A: x\ny\x1b[2J", "B: z", *(["A: x\ny\x1b[2J"] * 4)]):
        shown.trial(number, after_s=2, state="failed", value=None, reason=reason)
    shown.take(TaskCommitted(task="Tuner", duration_s=9.0, fingerprint="ab"))

    assert [line for line in shown.lines if "failed: " in line] == [
        "Tuner trial 0 failed: A: x y [2J",
        "Tuner trial 1 failed: B: z",
        "Tuner 5 trials failed: A: x y [2J",
    ]
    assert shown.lines[-1] == "Tuner 6/6 trials, 6 failed"


def test_reasons_that_are_all_different_do_not_flood_the_log(shown: Shown) -> None:
    shown.take(study(1000))

    for number in range(500):
        shown.trial(number, after_s=0.001, state="failed", value=None, reason=f"bad {number}")

    assert len([line for line in shown.lines if " failed: " in line]) == 10


def test_two_studies_at_a_time_are_summed_up_apart(shown: Shown) -> None:
    for task in ("First", "Second"):
        shown.take(study(2, task=task))

    for number in range(2):
        for task in ("First", "Second"):
            shown.trial(number, task=task)
    for task in ("First", "Second"):
        shown.take(TaskCommitted(task=task, duration_s=9.0, fingerprint="ab"))

    assert [line.split(",")[0] for line in shown.lines] == ["First 2/2 trials", "Second 2/2 trials"]


def busy_study() -> StudyProgress:
    progress = StudyProgress(start=study(1000), started_s=0.0, logged_s=0.0)
    for number in range(120):
        params = {"alpha": 0.1, "depth": number, "note": "a\nb", "columns": "x" * 60}
        value = 0.8312 if number == 57 else 0.5
        progress.add(trial(number, value=value, params=params))
    return progress


def line_of(width: int, **options: object) -> str:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=width, **options)
    (line,) = status_lines([busy_study()], terminal, 120.0)
    return line


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 140, 300])
def test_the_status_line_fits_into_the_terminal(width: int) -> None:
    line = Text.from_ansi(line_of(width)).plain

    assert cell_len(line) <= width
    assert line.startswith("Tuner ")
    assert "120/1000" in line


def test_a_wide_status_line_shows_everything() -> None:
    line = Text.from_ansi(line_of(300)).plain

    for part in (
        "120/1000",
        "15 min left",
        "best 0.8312",
        "trial 57: alpha 0.1, depth 57, note a b",
    ):
        assert part in line


def test_no_color_leaves_the_colours_out() -> None:
    line = line_of(140, no_color=True, color_system="truecolor")

    assert all(span.style.color is None for span in Text.from_ansi(line).spans)
