"""A regression on 53,940 compressed rows runs as its file says, and is scored on held-out rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

QUICK = ("Tuner.n_trials=2", "Tuner.n_folds=2", "Evaluator.n_folds=2", "Trainer.params.max_iter=30")


def test_prices_are_predicted_on_diamonds_that_nothing_was_fitted_on(
    tmp_path: Path, empty_store: Path
) -> None:
    project = make_project(tmp_path / "project", empty_store, "diamonds")
    project.configure((REPOSITORY / "experiments" / "diamonds.toml").read_text(encoding="utf-8"))

    outcome = project.run(*(part for setting in QUICK for part in ("--set", setting)))

    assert outcome.code == 0, outcome.err
    (run,) = project.top_runs()
    assert len(project.children(run)) == 2
    assert run.data.metrics["holdout.r2"] > 0.85
    assert run.data.metrics["holdout.rmse"] < 1_500  # of a standard deviation of 3,989 dollars
    schema = json.loads((project.artifacts(run) / "Preprocessor" / "schema.json").read_text())
    assert json.dumps(schema).count('"category"') >= 3
