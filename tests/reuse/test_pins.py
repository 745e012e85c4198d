"""Tasks that are pinned to a result by its URI: what follows them is planned as it will run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import ARTICLE
from tests.reuse.conftest import statuses

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Project

PLAN = ("--plan", "--exit-code")


def pin(project: Project, uri: str) -> None:
    """Pin the first task to a result."""
    project.configure(ARTICLE.replace("[PathConfig]\n", f'[PathConfig]\nPreprocessor = "{uri}"\n'))


@pytest.mark.slow
def test_what_follows_a_result_that_a_uri_pins_is_planned_and_reused(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    uri = f"runs:/{project.top_runs()[0].info.run_id}/Preprocessor"
    pin(project, uri)

    plan = project.run(*PLAN)
    outcomes = [project.run(), project.run()]

    assert plan.code == 0, plan.out + plan.err
    assert [line.split()[:2] for line in plan.out.splitlines()[:3]] == [
        ["Preprocessor", "pinned"],
        ["Trainer", "reuse"],
        ["Prediction", "reuse"],
    ]
    assert uri in plan.out
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert statuses(project) == {"Trainer": "reused", "Prediction": "reused"}
    assert len(project.top_runs()) == 3


@pytest.mark.slow
def test_a_pinned_result_that_was_downloaded_is_planned_without_mlflow_or_reading_it(
    copied: Callable[[], Project],
) -> None:
    project = copied()
    pin(project, f"runs:/{project.top_runs()[0].info.run_id}/Preprocessor")
    assert project.run(*PLAN).code == 0
    project.environment["PYTHONPROFILEIMPORTTIME"] = "1"

    plan = project.run_cold(*PLAN)

    cache = project.folder / "mlruns" / ".runforest" / "cache"
    (table,) = cache.glob("pinned/*/train.parquet")
    assert plan.code == 0, plan.out + plan.err
    assert " tasks.prediction\n" in plan.err
    assert " mlflow\n" not in plan.err
    assert f":{table.stat().st_ino}:" in (cache / "digests.txt").read_text()


@pytest.mark.slow
def test_a_pinned_result_that_is_not_there_is_refused(copied: Callable[[], Project]) -> None:
    project = copied()
    pin(project, f"runs:/{'0' * 32}/Preprocessor")

    plan = project.run(*PLAN)

    assert plan.code == 2
    assert "Check the run and the name of the task, or name another result." in plan.err
    assert "Traceback" not in plan.err
