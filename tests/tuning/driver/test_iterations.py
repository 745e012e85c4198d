"""Trials that are trained in steps are judged after each, and given up when they are hopeless."""

from __future__ import annotations

import pytest

from runforest.executors import open_executor
from runforest.foundation.errors import StudyError
from runforest.tuning.space.table import parse_space
from tests.tuning.studies import make_study, run

FOREST = "sklearn.ensemble.RandomForestRegressor"
SPACE = parse_space({"max_depth": {"type": "int", "low": 1, "high": 6}, "n_estimators": [8, 12]})


def stepwise(path: str = FOREST, **changes: object):
    return make_study(
        path,
        **{
            "space": SPACE,
            "pruner": "median",
            "prune_by": "iterations",
            "n_steps": 4,
            "n_trials": 12,
            **changes,
        },
    )


def test_a_trial_trained_in_steps_scores_like_one_trained_at_once() -> None:
    at_once = run(stepwise(pruner="none", prune_by="folds", n_trials=3))

    in_steps = run(stepwise(n_trials=3))

    assert [trial.params for trial in in_steps.trials] == [t.params for t in at_once.trials]
    assert [trial.fold_scores for trial in in_steps.trials] == [
        pytest.approx(trial.fold_scores) for trial in at_once.trials
    ]


def test_a_hopeless_trial_is_given_up_with_the_scores_of_all_its_folds() -> None:
    options = {"n_startup_trials": 2, "n_warmup_steps": 0}
    result = run(stepwise(pruner_options=options))

    pruned = [trial for trial in result.trials if trial.state == "pruned"]
    assert pruned
    assert all(trial.value is None and len(trial.fold_scores) == 3 for trial in pruned)


@pytest.mark.parametrize(
    ("pruner", "options"),
    [
        ("percentile", {"percentile": 50.0, "n_startup_trials": 2}),
        ("successive_halving", {"reduction_factor": 2}),
        ("hyperband", {"reduction_factor": 2}),
    ],
)
def test_every_pruner_of_steps_gives_trials_up_and_completes_others(pruner, options) -> None:
    result = run(stepwise(pruner=pruner, pruner_options=options))

    assert len(result.trials) == 12
    assert {trial.state for trial in result.trials} == {"complete", "pruned"}


@pytest.mark.slow
def test_the_models_travel_between_processes() -> None:
    alone = run(stepwise(n_trials=3))

    with open_executor("processes", 2) as executor:
        result = run(stepwise(n_trials=3), executor=executor, n_jobs=1)

    assert [trial.fold_scores for trial in result.trials] == [
        pytest.approx(trial.fold_scores) for trial in alone.trials
    ]


@pytest.mark.slow
def test_a_model_that_cannot_be_pickled_fails_its_trial_with_the_reason(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "locked.py").write_text(
        "import threading\n"
        "from sklearn.linear_model import SGDRegressor\n"
        "class Locked(SGDRegressor):\n"
        "    def partial_fit(self, X, y):\n"
        "        self.lock_ = threading.Lock()\n"
        "        return super().partial_fit(X, y)\n"
    )
    space = parse_space({"alpha": [0.1]})
    study = stepwise("locked.Locked", space=space, n_trials=1)

    with (
        open_executor("processes", 1) as executor,
        pytest.raises(
            StudyError, match=r"cannot pickle '_thread\.lock'.*Give the estimator values"
        ),
    ):
        run(study, executor=executor)
