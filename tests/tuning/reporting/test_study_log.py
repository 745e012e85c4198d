"""What a run tells of its study."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from runforest.foundation.locks import PATIENCE_S
from runforest.tuning.reporting.study_log import study_key
from runforest.tuning.storage.study_file import locked_study
from tests.launch.execution.counted_study import CONFIG, make_study

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_who_waits_for_a_study_logs_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    kept = tmp_path / "key.journal"
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with locked_study(kept, is_anew=False):
            is_held.set()
            may_end.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(60)
    threading.Timer(2 * PATIENCE_S, may_end.set).start()

    with locked_study(kept, is_anew=False) as file:
        holder.join()

    assert file == kept
    assert [record.getMessage() for record in caplog.records] == [
        "Another run has this study: this one waits for it."
    ]


@pytest.mark.slow
def test_a_grid_is_as_long_as_it_has_points(tmp_path: Path, empty_store: Path) -> None:
    project = make_study(tmp_path / "project", empty_store).project
    line = '{ type = "float", low = 0.0, high = 0.01 }'
    project.configure(CONFIG.replace(line, "[0.0, 0.01]"))

    outcome = project.run("--set", "Tuner.sampler=grid")

    assert outcome.code == 0, outcome.err
    assert "Tuner 2/2 trials" in outcome.out + outcome.err


def test_a_study_begins_anew_only_when_nobody_works_on_it_any_more(tmp_path: Path) -> None:
    file, found = tmp_path / "study.journal", []

    def begin_anew() -> None:
        with locked_study(file, is_anew=True) as study:
            found.append(study.exists())

    second = threading.Thread(target=begin_anew)
    with locked_study(file, is_anew=False) as first:
        first.touch()
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert first.exists()
    second.join(10)

    assert found == [False]


def test_what_was_started_is_forgotten_with_the_study(tmp_path: Path) -> None:
    file, started = tmp_path / "study.journal", tmp_path / "study.started"
    for one in (file, started):
        one.touch()

    with locked_study(file, is_anew=False):
        assert started.exists()
    with locked_study(file, is_anew=True):
        assert not started.exists()


def key(module: str, digest: str) -> str:
    """Return the key of a study that has a function of a module."""
    ingredients = {"code": {f"{module}:f": digest}, "params": {"seed": "0", "n_trials": digest}}
    return study_key(ingredients)


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        ("runforest.model.scoring", True),
        ("runforest.tuning.driver.search", True),
        ("runforest.tuning.samplers.table", True),
        ("runforest.tuning.space.table", True),
        ("tasks.tuner", True),
        ("runforest.tuning.study.result", False),
        ("runforest.results.formats", False),
    ],
)
def test_a_study_goes_on_unless_code_changes_that_decides_its_trials(
    module: str, *, counts: bool
) -> None:
    assert (key(module, "1") != key(module, "2")) == counts
