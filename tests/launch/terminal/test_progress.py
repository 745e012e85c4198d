"""The progress of a search: lines that never flood the log, and one line that fits."""

from __future__ import annotations

import dataclasses
import io
import logging
import re
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from runforest.launch.terminal.live_line import status_line
from runforest.launch.terminal.progress import Progress
from runforest.launch.terminal.study_progress import Study
from runforest.run.events import StudyStarted, TaskCommitted, TaskFailed, TrialFinished

if TYPE_CHECKING:
    from runforest.run.events import Event

START_S = 1_000_000.0


def study_event(n_trials: int, n_earlier: int = 0, **fields: object) -> StudyStarted:
    event = StudyStarted(
        timestamp_ms=int(START_S * 1000),
        task="Tuner",
        key="ab",
        n_trials=n_trials,
        n_earlier=n_earlier,
    )
    return dataclasses.replace(event, **fields)


def trial_event(number: int, ended_s: float = START_S, **fields: object) -> TrialFinished:
    event = TrialFinished(
        timestamp_ms=int(ended_s * 1000),
        task="Tuner",
        uid=f"{number:012x}",
        number=number,
        params={"alpha": 0.1, "kind": "l2"},
        state="complete",
        value=0.5,
        std=0.0,
        fold_scores=[0.5],
        started_ms=int(START_S * 1000),
        duration_s=1.0,
    )
    return dataclasses.replace(event, **fields)


class Shown:
    """A progress without a terminal, at times of our own, and the lines it tells."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.now_s = START_S
        self.progress = Progress(clock=lambda: self.now_s)
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def take(self, event: Event) -> None:
        self.progress.on_event(event)

    def trial(self, number: int, *, after_s: float = 0.0, **fields: object) -> None:
        """Take a trial that ends some time after what was before."""
        self.now_s += after_s
        self.take(trial_event(number, self.now_s, **fields))

    @property
    def lines(self) -> list[str]:
        return self._caplog.messages


@pytest.fixture
def shown(caplog: pytest.LogCaptureFixture) -> Shown:
    return Shown(caplog)


def test_each_trial_of_a_slow_study_has_a_line(shown: Shown) -> None:
    shown.take(study_event(50))

    for number in range(30):
        shown.trial(number, after_s=1.5)

    assert len(shown.lines) == 30
    assert shown.lines[7] == "Tuner trial 7 complete 0.5000 (alpha 0.1, kind l2)"


def test_a_fast_study_has_a_line_a_second_after_the_first_ones(shown: Shown) -> None:
    shown.take(study_event(10_000))

    for number in range(2000):
        shown.trial(number, after_s=0.01, value=0.5 + number / 10_000)

    assert 20 <= len(shown.lines) <= 10 + 20
    assert shown.lines[10] == (
        "Tuner 101/10000 trials, best 0.5100 (trial 100: alpha 0.1, kind l2), 100/s, 99 s left"
    )


def test_the_time_left_is_no_longer_than_the_limit_of_the_study(shown: Shown) -> None:
    shown.take(study_event(10_000, timeout_s=30.0))

    for number in range(2000):
        shown.trial(number, after_s=0.01)

    assert shown.lines[10].endswith("100/s, 29 s left")


def test_a_long_fast_study_has_a_line_in_ten_seconds(shown: Shown) -> None:
    shown.take(study_event(100_000))
    for number in range(7200):
        shown.trial(number, after_s=0.5)
    n_before = len(shown.lines)

    for number in range(7200, 7200 + 600):
        shown.trial(number, after_s=0.5)

    assert n_before < 10 + 600
    assert 29 <= len(shown.lines) - n_before <= 31


def test_the_last_trial_is_followed_by_what_the_study_came_to(shown: Shown) -> None:
    shown.take(study_event(4))

    shown.trial(0, after_s=1)
    shown.trial(1, after_s=1, value=0.8312, params={"alpha": 0.25})
    shown.trial(2, after_s=1, state="pruned", value=None)
    shown.trial(3, after_s=1, state="failed", value=None, reason="ValueError: no")
    shown.take(TaskCommitted(task="Tuner", duration_s=9.0, fingerprint="f"))

    assert shown.lines[-1] == (
        "Tuner 4/4 trials, best 0.8312 (trial 1: alpha 0.25), 1 pruned, 1 failed, 1/s"
    )


@pytest.mark.parametrize(
    "event",
    [
        TaskCommitted(task="Tuner", duration_s=9.0, fingerprint="f"),
        TaskFailed(task="Tuner", traceback=""),
    ],
)
def test_a_study_that_ends_early_is_summed_up_when_its_task_ends(
    shown: Shown, event: Event
) -> None:
    shown.take(study_event(1000))
    for number in range(100):
        shown.trial(number, after_s=0.001)

    shown.take(event)

    assert shown.lines[-1].startswith("Tuner 100/1000 trials, best 0.5000")
    assert "left" not in shown.lines[-1]


def test_trials_of_a_study_without_an_event_are_counted_without_a_total(shown: Shown) -> None:
    for number in range(300):
        shown.trial(number, after_s=0.01)

    assert shown.lines[10].startswith("Tuner 101 trials, best")
    assert "left" not in shown.lines[10]


def test_trials_of_an_earlier_run_count_as_done_but_not_into_the_rate(shown: Shown) -> None:
    shown.take(study_event(10, n_earlier=6))
    for number in range(6):
        shown.take(trial_event(number, is_earlier=True, reason="ValueError: no"))
    for number in range(6, 10):
        shown.trial(number, after_s=2)

    assert shown.lines[0] == "Tuner goes on from 6 finished trials"
    assert shown.lines[1].startswith("Tuner trial 6 ")
    assert shown.lines[-1].startswith("Tuner 10/10 trials")
    assert shown.lines[-1].endswith("30/min")


def test_earlier_trials_are_told_of_once_when_the_study_has_no_event(shown: Shown) -> None:
    shown.take(trial_event(0, is_earlier=True))
    shown.trial(1, after_s=2)
    shown.trial(2, after_s=2)

    assert [line for line in shown.lines if "goes on" in line] == [
        "Tuner goes on from 1 finished trial"
    ]


def test_a_reason_of_failed_trials_is_told_once_and_counted_at_the_end(shown: Shown) -> None:
    shown.take(study_event(6))

    for number, reason in enumerate(["A: x\ny\x1b[2J", "B: z", *(["A: x\ny\x1b[2J"] * 4)]):
        shown.trial(number, after_s=2, state="failed", value=None, reason=reason)

    assert [line for line in shown.lines if " failed: " in line] == [
        "Tuner trial 0 failed: A: x y [2J",
        "Tuner trial 1 failed: B: z",
        "Tuner 5 trials failed: A: x y [2J",
    ]
    assert shown.lines[-1] == "Tuner 6/6 trials, 6 failed, 30/min"


def test_reasons_that_are_all_different_do_not_flood_the_log(shown: Shown) -> None:
    shown.take(study_event(1000))

    for number in range(500):
        shown.trial(number, after_s=0.001, state="failed", value=None, reason=f"bad {number}")

    assert len([line for line in shown.lines if " failed: " in line]) == 10


def test_two_studies_at_a_time_are_told_apart(shown: Shown) -> None:
    for task in ("First", "Second"):
        shown.take(study_event(2, task=task))

    for number in range(2):
        for task in ("First", "Second"):
            shown.trial(number, after_s=1, task=task)

    assert [line.split(",")[0] for line in shown.lines if "/2" in line] == [
        "First 2/2 trials",
        "Second 2/2 trials",
    ]


def test_a_mistake_in_the_display_is_told_and_does_not_reach_the_run(shown: Shown) -> None:
    shown.take(trial_event(0, params=None))
    shown.take(study_event(3))

    assert shown.lines == ["The progress is no longer shown, by a mistake in it."]


def busy_study() -> Study:
    study = Study(task="Tuner", n_trials=1000, started_s=START_S)
    for number in range(120):
        state = {3: "pruned", 4: "failed"}.get(number, "complete")
        value = 0.8312 if number == 57 else 0.5
        params = {"alpha": 0.1, "depth": number, "note": "a\nb", "columns": "x" * 60}
        event = trial_event(number, START_S + number + 1, state=state, value=value, params=params)
        study = study.after(event)
    return study


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 300])
def test_the_line_fits_into_the_terminal(width: int) -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=width)

    line = plain(status_line(busy_study(), terminal, START_S + 120))

    assert "\n" not in line
    assert cell_len(line) <= width
    assert line.startswith("Tuner ")
    assert "120/1000" in line


def test_a_line_of_forty_columns_tells_what_matters_most() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=40)

    line = plain(status_line(busy_study(), terminal, START_S + 120))

    assert line.rstrip() == "Tuner 120/1000  best 0.8312  15 min left"


def test_a_wide_line_tells_everything() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=300)

    line = plain(status_line(busy_study(), terminal, START_S + 120))

    for part in ("best 0.8312", "(trial 57: alpha 0.1, depth 57, note a b", "1 pruned", "1/s"):
        assert part.strip("(") in line


def test_no_color_leaves_the_colours_out() -> None:
    terminal = Console(
        file=io.StringIO(), force_terminal=True, width=140, no_color=True, color_system="truecolor"
    )

    line = status_line(busy_study(), terminal, START_S + 120)

    codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", line) for code in codes.split(";")}
    assert codes <= {"0", "1", "2"}  # bold and dim are no colours
