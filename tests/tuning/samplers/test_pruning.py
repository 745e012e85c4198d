"""Every pruner ends hopeless trials; one that could not do so is refused before the first trial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runforest.foundation.errors import StudyError
from runforest.model.splits import SplitSpec
from runforest.run.active import DatasetFacts
from runforest.tuning.checks import study_problems
from tests.tuning.studies import make_study, run

FACTS = DatasetFacts(n_rows=60, n_target_values=60, smallest_class=1)


def problems(**changes: object) -> dict[str, str]:
    table = {"alpha": [0.1, 1.0, 10.0]}
    return study_problems(make_study(**{"sampler_options": {}, **changes}), table, FACTS)


@pytest.mark.parametrize("pruner", ["hyperband", "successive_halving"])
@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        ("reduction_factor", 1, 2),
        ("reduction_factor", 2.5, 2),
        ("min_resource", 0, 1),
        ("min_resource", 1.0, 1),
        ("min_resource", "some", 1),
        ("bootstrap_count", -1, 0),
        ("bootstrap_count", True, 0),
    ],
)
def test_an_option_that_is_no_such_number_is_refused(pruner, option, value, least) -> None:
    told = problems(pruner=pruner, pruner_options={option: value})

    assert told == {
        f"pruner_options.{option}": f"must be a whole number of at least {least}, got {value!r}."
    }


@pytest.mark.parametrize(
    ("pruner", "options", "first"),
    [
        ("hyperband", {"min_resource": 5}, "5"),
        ("hyperband", {"min_resource": 9}, "9"),
        ("successive_halving", {"min_resource": 5}, "5"),
        ("successive_halving", {"min_early_stopping_rate": 2}, "16"),
        ("successive_halving", {"min_early_stopping_rate": 10**9}, "1048576"),
    ],
)
def test_a_pruner_whose_first_decision_comes_too_late_is_refused(pruner, options, first) -> None:
    message = problems(pruner=pruner, pruner_options=options, n_folds=5)["pruner"]

    assert f"never ends a trial with these pruner_options: it decides after {first} f" in message
    assert "fewer than n_folds = 5. Change its options, or raise n_folds." in message


@pytest.mark.parametrize(
    ("pruner", "options"),
    [
        ("hyperband", {"min_resource": 4, "reduction_factor": 2, "bootstrap_count": 1}),
        ("successive_halving", {"min_resource": 4}),
        ("successive_halving", {"min_resource": "auto"}),
        ("successive_halving", {"min_early_stopping_rate": 1}),
        ("wilcoxon", {}),
    ],
)
def test_a_pruner_that_decides_before_the_last_fold_is_taken(pruner, options) -> None:
    assert problems(pruner=pruner, pruner_options=options, n_folds=5) == {}


def test_a_single_split_is_taken_without_a_pruner_and_refused_with_one() -> None:
    one_split = SplitSpec(kind="regression", cv="one_split")

    assert problems(splits=one_split) == {}
    assert "never ends a trial" in problems(splits=one_split, pruner="median")["pruner"]


@pytest.mark.parametrize(
    ("n_folds", "options", "first"),
    [
        (4, {}, "4"),
        (2, {}, "4"),
        (2, {"p_threshold": 0.9}, "2"),
        (5, {"p_threshold": 0.05}, "5"),
        (4, {"p_threshold": 0.125}, "4"),
        (5, {"n_startup_steps": 7}, "7"),
        (5, {"p_threshold": 0}, "inf"),
    ],
)
def test_wilcoxon_with_too_few_folds_is_refused(n_folds, options, first) -> None:
    message = problems(pruner="wilcoxon", pruner_options=options, n_folds=n_folds)["pruner"]

    assert f"it decides after {first} folds for the first time" in message


def test_the_steps_of_a_training_count_where_they_are_judged() -> None:
    late = {
        "estimator": make_study("sklearn.linear_model.SGDRegressor").estimator,
        "pruner": "hyperband",
        "pruner_options": {"min_resource": 4},
        "prune_by": "iterations",
    }

    assert "raise n_steps" in problems(**late, n_steps=4, n_folds=5)["pruner"]
    assert problems(**late, n_steps=5, n_folds=2) == {}


@pytest.mark.parametrize(
    ("pruner", "options"),
    [
        ("median", {"n_startup_trials": 2}),
        ("percentile", {"percentile": 50.0, "n_startup_trials": 2}),
        ("successive_halving", {"reduction_factor": 2}),
        ("hyperband", {"reduction_factor": 2}),
        ("wilcoxon", {}),
    ],
)
def test_a_hopeless_trial_ends_after_some_of_its_folds(pruner, options) -> None:
    study = make_study(pruner=pruner, pruner_options=options, n_trials=12, n_folds=6)

    pruned = [trial for trial in run(study).trials if trial.state == "pruned"]

    assert pruned
    assert all(0 < len(trial.fold_scores) < 6 for trial in pruned)


def test_the_error_of_a_study_whose_trials_were_all_pruned_has_a_remedy() -> None:
    options = {"bootstrap_count": 9}  # That many trials are ended at the first decision.
    study = make_study(pruner="successive_halving", pruner_options=options, n_trials=4)

    with pytest.raises(StudyError, match=r"all 4 trials were pruned\. Lower bootstrap_count"):
        run(study)


def test_folds_that_n_folds_does_not_decide_have_another_remedy() -> None:
    once = SplitSpec(kind="regression", cv="one_split")

    message = problems(pruner="median", splits=once)["pruner"]

    assert (
        "= 1. Change its options, or raise n_folds where cv takes it, or set [Dataset] cv"
        in message
    )
    assert problems(pruner="median", splits=replace(once, cv="repeated")) == {}
