"""The wine experiment finds what scikit-learn alone finds, and records it below one parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from tests.conftest import REPOSITORY, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Project

pytestmark = pytest.mark.slow

N_TRIALS = 4


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Project:
    """Return a project in which the experiment ran once, with few trials."""
    project = make_project(tmp_path_factory.mktemp("wine") / "project", empty_store, "wine")
    project.configure((REPOSITORY / "experiments" / "wine.toml").read_text(encoding="utf-8"))
    outcome = project.run("--set", f"Tuner.n_trials={N_TRIALS}")
    assert outcome.code == 0, outcome.err
    return project


def held_out_accuracy(alpha: float) -> float:
    """Return the accuracy of one trial, by scikit-learn alone."""
    features, target = load_wine(return_X_y=True)
    train, test, train_target, test_target = train_test_split(
        features, target, test_size=0.25, random_state=0
    )
    model = SGDClassifier(alpha=alpha, random_state=0).fit(train, train_target)
    return float(model.score(test, test_target))


def test_each_trial_is_a_child_of_one_run_with_the_accuracy_of_scikit_learn_alone(
    wine: Project,
) -> None:
    (run,) = wine.top_runs()
    trials = wine.children(run)

    found = {float(trial.data.params["alpha"]): trial.data.metrics["accuracy"] for trial in trials}

    assert len(found) == N_TRIALS
    assert found == pytest.approx({alpha: held_out_accuracy(alpha) for alpha in found}, abs=1e-6)


def test_the_model_is_scored_by_the_same_split_as_the_trials(wine: Project) -> None:
    (run,) = wine.top_runs()
    best = max(trial.data.metrics["accuracy"] for trial in wine.children(run))

    assert run.data.metrics["accuracy"] == pytest.approx(best)
