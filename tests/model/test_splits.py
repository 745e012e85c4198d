"""Splits follow from the rows: groups stay whole, later rows come later, classes in proportion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, train_test_split

from runforest.model.splits import (
    SplitSpec,
    fold_positions,
    holdout_positions,
    planned_folds,
    set_aside,
    split_spec,
)

if TYPE_CHECKING:
    from runforest.foundation.estimator_names import Kind

KINDS: tuple[Kind, ...] = ("classification", "regression")


def make_table(n_rows: int = 120) -> pd.DataFrame:
    """Return rows of 12 patients, shuffled in time; a quarter of them is of the class 1."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": random.normal(size=n_rows),
            "patient": [f"p{row % 12}" for row in range(n_rows)],
            "day": random.permutation(n_rows),
            "y": [int(row % 4 == 0) for row in range(n_rows)],
        }
    )


def folds_of(kind: Kind = "classification", **spec: object):
    return fold_positions(make_table(), "y", SplitSpec(kind=kind, **spec))


@pytest.mark.parametrize(
    ("kind", "splitter"), [("classification", StratifiedKFold), ("regression", KFold)]
)
def test_by_default_rows_are_shuffled_and_classes_in_proportion(kind, splitter) -> None:
    table = make_table()
    expected = splitter(4, shuffle=True, random_state=3).split(table, table["y"])

    found = folds_of(kind, n_folds=4, seed=3)

    for (train, test), (expected_train, expected_test) in zip(found, expected, strict=True):
        assert train.tolist() == expected_train.tolist()
        assert test.tolist() == expected_test.tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cv", ["", "group_k_fold", "group_one_split"])
def test_a_group_is_on_one_side_of_each_fold(kind: Kind, cv: str) -> None:
    patients = make_table()["patient"].to_numpy()

    for train, test in folds_of(kind, n_folds=4, group="patient", cv=cv):
        assert not set(patients[train]) & set(patients[test])


@pytest.mark.parametrize("kind", KINDS)
def test_folds_in_time_are_scored_on_later_rows_than_they_are_fitted_on(kind: Kind) -> None:
    days = make_table()["day"].to_numpy()

    found = folds_of(kind, n_folds=4, time="day")

    assert len(found) == 4
    for train, test in found:
        assert days[train].max() < days[test].min()


def test_folds_in_time_are_those_of_the_rows_sorted() -> None:
    days = make_table()["day"].to_numpy()

    for (train, test), (first, then) in zip(
        folds_of(n_folds=4, time="day"), TimeSeriesSplit(4).split(days), strict=True
    ):
        assert sorted(days[train]) == first.tolist()
        assert sorted(days[test]) == then.tolist()


def test_rows_of_one_time_are_on_one_side() -> None:
    table = make_table().assign(day=[f"2024-01-{1 + row % 10:02}" for row in range(120)])

    found = fold_positions(table, "y", SplitSpec(kind="regression", n_folds=3, time="day"))

    for train, test in found:
        assert table["day"].iloc[train].max() < table["day"].iloc[test].min()


def test_other_splitters_see_the_rows_in_the_order_of_time() -> None:
    options = {"n_splits": 2}
    path = "sklearn.model_selection.KFold"

    (train, test), _ = folds_of("regression", time="day", cv=path, options=options)

    days = make_table()["day"].to_numpy()
    assert days[test].tolist() == list(range(60))
    assert days[train].tolist() == list(range(60, 120))


def test_one_split_by_import_path_is_that_of_train_test_split() -> None:
    table = make_table()
    expected = train_test_split(np.arange(120), test_size=0.25, random_state=0)
    cv = {
        "name": "sklearn.model_selection.ShuffleSplit",
        "n_splits": 1,
        "test_size": 0.25,
        "random_state": 0,
    }

    spec = split_spec({"cv": cv}, kind="classification", n_folds=5, seed=7)

    ((train, test),) = fold_positions(table, "y", spec)
    assert train.tolist() == expected[0].tolist()
    assert test.tolist() == expected[1].tolist()


@pytest.mark.parametrize(
    ("cv", "options", "n_folds"),
    [
        ("k_fold", {}, 4),
        ("k_fold", {"n_splits": 3}, 3),
        ("k_fold", {"shuffle": False}, 4),
        ("stratified", {}, 4),
        ("repeated", {}, 12),
        ("repeated", {"n_repeats": 2, "n_splits": 2}, 4),
        ("one_split", {}, 1),
        ("one_split", {"n_splits": 2, "test_size": 0.5}, 2),
        ("time_series", {}, 4),
        ("sklearn.model_selection.RepeatedKFold", {"n_repeats": 2}, 8),
        ("sklearn.model_selection.TimeSeriesSplit", {"test_size": 5}, 4),
    ],
)
def test_the_number_of_folds_is_known_beforehand(cv: str, options, n_folds: int) -> None:
    spec = SplitSpec(kind="classification", n_folds=4, cv=cv, options=options)

    assert planned_folds(spec) == n_folds
    assert len(fold_positions(make_table(), "y", spec)) == n_folds


def test_folds_that_follow_from_the_groups_are_not_known_beforehand() -> None:
    path = "sklearn.model_selection.LeaveOneGroupOut"
    spec = SplitSpec(kind="regression", cv=path, group="patient")

    assert planned_folds(spec) is None
    assert len(fold_positions(make_table(), "y", spec)) == 12


@pytest.mark.parametrize(
    ("cv", "options"),
    [
        ("", {}),
        ("repeated", {}),
        ("one_split", {}),
        ("sklearn.model_selection.ShuffleSplit", {}),
        ("sklearn.model_selection.KFold", {"shuffle": True}),
    ],
)
def test_the_seed_is_that_of_the_task_where_the_splitter_shuffles(cv: str, options) -> None:
    first, again, other = (
        [test.tolist() for _, test in folds_of(cv=cv, options=options, seed=seed)]
        for seed in (0, 0, 1)
    )

    assert first == again != other


def test_a_random_state_among_the_options_is_taken_instead() -> None:
    first, other = (
        [test.tolist() for _, test in folds_of(options={"random_state": 5}, seed=seed)]
        for seed in (0, 1)
    )

    assert first == other


def test_nothing_is_held_out_by_default() -> None:
    table = make_table()

    kept, held = set_aside(table, "y", SplitSpec(kind="regression"))

    assert kept is table
    assert held.empty


def test_held_out_rows_keep_the_share_of_the_classes() -> None:
    table = make_table()

    kept, held = set_aside(table, "y", SplitSpec(kind="classification", holdout=0.25))

    assert len(held) == 30
    assert held["y"].mean() == pytest.approx(table["y"].mean(), abs=0.02)
    assert sorted([*kept.index, *held.index]) == list(range(120))
    assert held.index.is_monotonic_increasing
    assert kept.index.is_monotonic_increasing


@pytest.mark.parametrize("kind", KINDS)
def test_whole_groups_are_held_out(kind: Kind) -> None:
    spec = SplitSpec(kind=kind, holdout=0.25, group="patient")

    kept, held = set_aside(make_table(), "y", spec)

    assert not set(kept["patient"]) & set(held["patient"])
    assert len(held) == 30


def test_held_out_groups_come_close_to_the_shares_of_rows_and_classes() -> None:
    random = np.random.default_rng(1)
    sizes = random.integers(1, 60, size=40)
    table = pd.DataFrame({"user": np.repeat(np.arange(40), sizes)})
    table["y"] = np.repeat(random.random(40) < 0.4, sizes)
    spec = SplitSpec(kind="classification", holdout=0.2, group="user")

    held = holdout_positions(table, "y", spec)

    assert len(held) / len(table) == pytest.approx(0.2, abs=0.04)
    assert table["y"].iloc[held].mean() == pytest.approx(table["y"].mean(), abs=0.06)


def test_the_latest_rows_are_held_out() -> None:
    spec = SplitSpec(kind="classification", holdout=0.1, time="day")

    _, held = set_aside(make_table(), "y", spec)

    assert sorted(held["day"]) == list(range(108, 120))


@pytest.mark.parametrize(
    "days", [[1, 1, 2, 2, 2], ["2024-01-01", "2024-01-01", *["2024-01-09"] * 3]]
)
def test_rows_of_the_same_time_are_held_out_together(days: list[object]) -> None:
    table = pd.DataFrame({"day": days, "y": range(5)})

    _, held = set_aside(table, "y", SplitSpec(kind="regression", holdout=0.2, time="day"))

    assert held["y"].tolist() == [2, 3, 4]


def test_the_seed_of_a_task_does_not_change_what_is_held_out() -> None:
    table = make_table()
    first, other = (
        holdout_positions(table, "y", SplitSpec(kind="regression", holdout=0.3, seed=seed))
        for seed in (0, 1)
    )

    assert first.tolist() == other.tolist()


def test_a_splitter_of_the_project_gets_features_target_and_groups(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "half_of_the_rows.py").write_text(
        "import numpy as np\n"
        "class Half:\n"
        "    def __init__(self, below):\n"
        "        self.below = below\n"
        "    def split(self, X, y=None, groups=None):\n"
        "        assert len(y) == len(groups) == len(X)\n"
        "        is_train = X['x'].to_numpy() < self.below\n"
        "        yield np.flatnonzero(is_train), np.flatnonzero(~is_train)\n"
    )

    ((train, test),) = folds_of(cv="half_of_the_rows.Half", options={"below": 0.5}, group="patient")

    x = make_table()["x"].to_numpy()
    assert x[train].max() < 0.5 <= x[test].min()


@pytest.mark.parametrize("spec", [{"group": "patient"}, {"time": "day"}])
@pytest.mark.parametrize("split", [fold_positions, holdout_positions])
def test_a_table_without_the_column_says_where_it_is_lost(split, spec) -> None:
    table = make_table().drop(columns=[*spec.values()])

    with pytest.raises(ValueError, match="Keep it in the task that makes the table"):
        split(table, "y", SplitSpec(kind="regression", holdout=0.2, **spec))
