"""Splits that cannot be made are refused with a remedy that works."""

from __future__ import annotations

import pandas as pd
import pytest

from runforest.checks.splits import cv_problem, fold_count_problem, split_facts, split_problems
from runforest.model.splits import SplitSpec
from runforest.run.active import DatasetFacts

SKLEARN = "sklearn.model_selection."


def make_spec(kind="classification", **spec: object) -> SplitSpec:
    return SplitSpec(kind=kind, **spec)


@pytest.mark.parametrize(
    ("facts", "spec", "remedy"),
    [
        pytest.param({"smallest_class": 3}, {}, "Set n_folds = 3.", id="small class"),
        pytest.param({"smallest_class": 1}, {}, 'cv = "k_fold".', id="lone row"),
        pytest.param(
            {"smallest_class": 1, "is_kind_guessed": True},
            {},
            'cv = "k_fold".',
            id="lone row of a class of texts, which can be no quantity",
        ),
        pytest.param(
            {"smallest_class": 1, "is_kind_guessed": True, "target_low": 1.0},
            {},
            'if the target is a quantity, set kind = "regression": classes are a guess.',
            id="lone row of a guess",
        ),
        pytest.param({"n_rows": 4}, {"kind": "regression"}, "Set n_folds = 4.", id="few rows"),
        pytest.param({"n_groups": 3}, {"group": "p"}, "Set n_folds = 3.", id="few groups"),
        pytest.param(
            {"n_groups": 1},
            {"group": "p"},
            "Name another column, or leave group out.",
            id="one group",
        ),
        pytest.param({"n_times": 5}, {"time": "t"}, "Set n_folds = 4.", id="few times"),
        pytest.param(
            {"n_rows": 5}, {"cv": "time_series"}, "Set n_folds = 4.", id="few rows in time"
        ),
        pytest.param(
            {"smallest_class": 2},
            {"options": {"n_splits": 5}, "n_folds": 2},
            "Set n_splits = 2.",
            id="options",
        ),
        pytest.param(
            {"n_rows": 4}, {"cv": f"{SKLEARN}KFold"}, "Set n_folds = 4.", id="by import path"
        ),
    ],
)
def test_too_many_folds_have_a_remedy(facts, spec, remedy) -> None:
    problem = fold_count_problem(make_spec(**{"n_folds": 5, **spec}), DatasetFacts(**facts))

    assert problem is not None
    assert problem.endswith(remedy)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": "regression"},
        {"group": "p"},
        {"cv": "one_split"},
        {"cv": f"{SKLEARN}LeaveOneOut"},
        {"time": "t", "n_folds": 4},
    ],
)
def test_as_many_folds_as_there_can_be_are_accepted(spec) -> None:
    facts = DatasetFacts(n_rows=5, smallest_class=5, n_groups=5, n_times=5)

    assert fold_count_problem(make_spec(**{"n_folds": 5, **spec}), facts) is None


def test_the_rows_that_are_held_out_do_not_count() -> None:
    problem = fold_count_problem(make_spec(holdout=0.5), DatasetFacts(smallest_class=2))

    assert "the smallest class of the target that are not held out" in str(problem)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"cv": "kfold"}, 'unknown splitter "kfold". Did you mean `k_fold`?'),
        ({"cv": "stratified", "kind": "regression"}, 'Set cv = "k_fold".'),
        ({"cv": "stratified_group", "kind": "regression", "group": "p"}, 'cv = "group_k_fold".'),
        ({"cv": "group_k_fold"}, 'Set group = "..." to the column that names them.'),
        ({"cv": "k_fold", "group": "p"}, "does not keep the rows of one p together. Use group_k"),
        ({"cv": f"{SKLEARN}Kfold"}, "Did you mean `KFold`"),
        ({"cv": f"{SKLEARN}train_test_split"}, "is no class with a method `split`. Name one,"),
        ({"options": {"n_split": 3}}, "unknown option n_split of stratified. Did you mean `n_sp"),
        ({"options": {"n_splits": 1}}, "cannot be built:"),
        ({"cv": "one_split", "options": {"test_size": "a"}}, None),  # scikit-learn looks later
    ],
)
def test_a_splitter_that_cannot_be_used_has_a_remedy(spec, message) -> None:
    problem = cv_problem(make_spec(**spec))

    assert problem == message if message is None else message in str(problem)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"cv": "one_split"}, "needs two rows of each class of the target. Merge that class"),
        ({"cv": "group_one_split", "group": "p"}, "needs two groups. Name another column"),
        ({"cv": f"{SKLEARN}LeaveOneGroupOut", "group": "p"}, "needs two groups."),
    ],
)
def test_a_split_needs_two_of_a_kind(spec, message) -> None:
    one, two = (DatasetFacts(smallest_class=count, n_groups=count) for count in (1, 2))

    (problem,) = split_problems("Tuner", make_spec(**spec), one)

    assert (problem.where, problem.key) == ("[Dataset]", "cv")
    assert message in problem.message
    assert split_problems("Tuner", make_spec(**spec), two) == []


def test_the_key_with_the_number_of_folds_is_named() -> None:
    facts = DatasetFacts(smallest_class=3)

    (own,) = split_problems("Tuner", make_spec(n_folds=5), facts)
    (shared,) = split_problems("Tuner", make_spec(options={"n_splits": 5}), facts)

    assert (own.where, own.key) == ("[Tuner]", "n_folds")
    assert (shared.where, shared.key) == ("[Dataset]", "cv")


TABLE = pd.DataFrame(
    {
        "p": ["a", "a", "b", "b", "c", "c", "d", "d"],
        "t": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"] * 2,
        "y": [0, 1] * 4,
    }
)


def test_rows_groups_and_times_are_counted_without_the_held_out_ones() -> None:
    groups, _ = split_facts(TABLE, "y", make_spec(group="p", holdout=0.25))
    times, _ = split_facts(TABLE, "y", make_spec(time="t", holdout=0.25))

    assert groups == {"n_rows": 6, "smallest_class": 3, "n_groups": 3}
    assert times == {"n_rows": 6, "smallest_class": 2, "n_times": 3}


def test_rows_without_a_target_do_not_count() -> None:
    table = TABLE.assign(p=["a", None, *"bbccdd"], y=[0, None, 0, 1, 0, 1, 0, 1])

    facts, problems = split_facts(table, "y", make_spec(group="p"))

    assert problems == {}
    assert facts["n_rows"] == 7


@pytest.mark.parametrize(
    ("table", "spec", "key", "message"),
    [
        (TABLE.assign(p=["a", None] * 4), {"group": "p"}, "group", "p has no value in 4 rows."),
        (TABLE.assign(t=[None, *TABLE["t"][1:]]), {"time": "t"}, "time", "has no value in 1 row."),
        (
            TABLE.assign(t="soon"),
            {"time": "t"},
            "time",
            'neither dates nor numbers, such as "soon"',
        ),
        (
            TABLE.assign(t=3),
            {"time": "t", "holdout": 0.5},
            "holdout",
            "leaves no row to learn from",
        ),
        (
            TABLE.assign(y=[0, *[1] * 7]),
            {"holdout": 0.5},
            "holdout",
            "the class 0 has one row only",
        ),
        (TABLE, {"holdout": 0.01}, "holdout", "no such rows can be held out"),
        (TABLE.assign(p="a"), {"group": "p", "holdout": 0.5}, "holdout", "Choose another share."),
    ],
)
def test_rows_that_cannot_be_split_are_told_by_key(table, spec, key, message) -> None:
    facts, problems = split_facts(table, "y", make_spec(**spec))

    assert facts == {}
    assert message in problems[key]
