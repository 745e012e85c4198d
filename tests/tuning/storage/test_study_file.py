"""The file of a study takes an interrupt at any moment."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import optuna
import pytest

from runforest.tuning.storage.study_file import StudyFile, quiet_optuna

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

TRIAL = optuna.trial.create_trial(
    value=1.0,
    params={"alpha": 0.5},
    distributions={"alpha": optuna.distributions.FloatDistribution(0.0, 1.0)},
)


class InterruptAt:
    """Raises KeyboardInterrupt before the numbered line of Python that runs, counted from 1."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> InterruptAt:
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


# Between the opening of a file and its `with`, an interrupt leaves it to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_line_of_writing_a_trial_stays_an_interrupt(tmp_path) -> None:
    # In a thread of its own: later errors of this one would name what was interrupted as a cause.
    with ThreadPoolExecutor(1) as pool:
        number = pool.submit(write_and_interrupt, tmp_path / "study.journal").result()

    assert number > 50
    assert list(tmp_path.iterdir()) == []


def write_and_interrupt(file: Path) -> int:
    """Write a trial, interrupted one line later each time; return the number of lines."""
    number, is_interrupted = 0, True
    before = sys.gettrace()

    while is_interrupted:
        number += 1
        with quiet_optuna():
            study_file = StudyFile(file, ["r2"])
        try:
            sys.settrace(InterruptAt(number))
            study_file.add_finished(TRIAL)
        except KeyboardInterrupt:
            pass
        else:
            is_interrupted = False
        finally:
            sys.settrace(before)
        with quiet_optuna():
            assert len(StudyFile(file, ["r2"]).finished()) in {0, 1}
        file.unlink()
    return number
