"""Folds and scores of one trial."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import get_scorer_names

from runforest.checks.scores import scorer_problem
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline, build_wrapped
from runforest.model.folds import apply_features, select_rows
from runforest.model.scoring import DEFAULT_SCORERS, ONE_CLASS_SCORERS, score_fold
from runforest.model.splits import SplitSpec, fold_positions
from runforest.table.roles import feature_roles

if TYPE_CHECKING:
    from runforest.foundation.estimator_names import Kind
    from runforest.model.splitters import Fold

KINDS: tuple[Kind, ...] = ("classification", "regression")


def make_table(labels: tuple[object, ...] = ("no", "yes"), n_rows: int = 60) -> pd.DataFrame:
    x = np.linspace(-1, 1, n_rows)
    wave = np.sin(np.arange(n_rows))
    return pd.DataFrame(
        {"x": x, "c": np.where(wave > 0, "a", "b"), "y": np.where(x + wave > 0, *reversed(labels))}
    )


def make_spec(kind: Kind = "classification", path: str = "", **params: object) -> EstimatorSpec:
    return EstimatorSpec(path=path, params=params, seed=0, kind=kind)


def folds_of(table: pd.DataFrame, kind: Kind, n_folds: int, seed: int) -> list[Fold]:
    return fold_positions(table, "y", SplitSpec(kind=kind, n_folds=n_folds, seed=seed))


def rows_of(table: pd.DataFrame, fold, spec: EstimatorSpec):
    features, values = table.drop(columns="y"), table["y"].to_numpy()
    roles = feature_roles(features, {})
    return apply_features(select_rows(features, values, fold, spec.kind, roles), spec)


def scores_of(table, fold, spec: EstimatorSpec, objectives: tuple[str, ...]) -> tuple[float, ...]:
    return score_fold(rows_of(table, fold, spec), spec, objectives)


@pytest.mark.parametrize("kind", KINDS)
def test_test_rows_partition_the_table(kind: Kind) -> None:
    table = make_table()

    folds = folds_of(table, kind, 4, 0)

    assert sorted(np.concatenate([test for _, test in folds])) == list(range(60))
    assert all(not set(train) & set(test) for train, test in folds)


@pytest.mark.parametrize("kind", KINDS)
def test_folds_follow_from_the_seed(kind: Kind) -> None:
    first, again, other = (
        [test.tolist() for _, test in folds_of(make_table(), kind, 4, seed)] for seed in (0, 0, 1)
    )

    assert first == again != other


def test_each_fold_of_a_classification_has_the_classes_in_proportion() -> None:
    table = pd.DataFrame({"y": ["a"] * 8 + ["b"] * 4})

    folds = folds_of(table, "classification", 4, 0)

    assert [table["y"].iloc[test].value_counts()["a"] for _, test in folds] == [2] * 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_scorer_fits_its_kind(kind: Kind) -> None:
    assert scorer_problem(DEFAULT_SCORERS[kind], kind) is None


@pytest.mark.parametrize(
    ("name", "kind", "remedy"),
    [
        ("acuracy", "classification", "Did you mean `accuracy`"),
        ("qqqqqqqq", "regression", "such as `r2`"),
        ("accuracy", "regression", "such as `r2`"),
        ("roc_auc", "regression", "such as `r2`"),
        ("adjusted_rand_score", "regression", "such as `r2`"),
        ("r2", "classification", "such as `accuracy`"),
        ("neg_mean_squared_error", "classification", "such as `accuracy`"),
    ],
)
def test_a_scorer_of_the_other_kind_has_a_remedy(name: str, kind: Kind, remedy: str) -> None:
    assert remedy in scorer_problem(name, kind)


@pytest.mark.parametrize(("name", "instead"), [("f1", "f1_macro"), ("roc_auc", "roc_auc_ovr")])
def test_a_score_of_one_class_does_not_fit_three(name: str, instead: str) -> None:
    assert scorer_problem(name, "classification", 2) is None
    assert f"`{instead}`" in scorer_problem(name, "classification", 3)


def test_every_scorer_fits_one_kind_at_most() -> None:
    fitting = {k: {n for n in get_scorer_names() if not scorer_problem(n, k)} for k in KINDS}

    assert {"f1", "roc_auc", "neg_log_loss", "accuracy"} <= fitting["classification"]
    assert {"r2", "neg_mean_absolute_error", "neg_max_error"} <= fitting["regression"]
    assert not fitting["classification"] & fitting["regression"]


@pytest.mark.parametrize("scorer", ONE_CLASS_SCORERS)
def test_text_labels_score_like_zero_and_one(scorer: str) -> None:
    spec = make_spec(path="sklearn.linear_model.LogisticRegression")
    scores = []
    for labels in ((0, 1), ("no", "yes"), (False, True)):
        table = make_table(labels)
        fold = folds_of(table, "classification", 3, 0)[0]
        scores.append(scores_of(table, fold, spec, (scorer,))[0])

    assert scores[0] == pytest.approx(scores[1])
    assert scores[0] == pytest.approx(scores[2])


def test_the_score_is_that_of_a_model_fitted_on_the_training_rows_alone() -> None:
    table = pd.DataFrame({"x": [0.0, 0.0, 0.0, 0.0], "y": [1.0, 3.0, 10.0, 10.0]})
    fold = (np.array([0, 1]), np.array([2, 3]))

    (score,) = scores_of(table, fold, make_spec("regression"), ("neg_mean_absolute_error",))

    assert score == pytest.approx(-8.0)  # The mean of the training rows is 2.


def test_a_fold_scores_each_objective_of_one_fit() -> None:
    table = make_table()
    fold = folds_of(table, "classification", 3, 0)[0]

    accuracy, fit_time_s, f1 = scores_of(table, fold, make_spec(), ("accuracy", "fit_time", "f1"))

    assert (accuracy,) == scores_of(table, fold, make_spec(), ("accuracy",))
    assert (f1,) == scores_of(table, fold, make_spec(), ("f1",))
    assert 0 < fit_time_s < 60


def test_a_fold_scores_like_a_pipeline_with_its_features() -> None:
    table, spec = make_table(), make_spec(path="sklearn.linear_model.LogisticRegression")
    train, test = folds_of(table, "classification", 3, 0)[0]
    features, target = table.drop(columns="y"), table["y"].to_numpy()
    pipeline = build_pipeline(spec, feature_roles(features, {})).fit(
        features.iloc[train], target[train]
    )

    (accuracy,) = scores_of(table, (train, test), spec, ("accuracy",))

    assert accuracy == pipeline.score(features.iloc[test], target[test])


def test_an_estimator_that_overwrites_its_rows_does_not_change_the_next_trial() -> None:
    table, spec = make_table((0, 1)), make_spec("regression", copy_X=False)
    fold = folds_of(table, "regression", 3, 0)[0]
    rows = rows_of(table, fold, spec)

    first, second = (score_fold(rows, spec, ("r2",)) for _ in range(2))

    assert first == second


def test_a_warning_does_not_end_a_trial() -> None:
    spec = make_spec(path="sklearn.neural_network.MLPClassifier", max_iter=1)
    table = make_table()
    fold = folds_of(table, "classification", 3, 0)[0]

    with warnings.catch_warnings():
        warnings.simplefilter("error")

        (score,) = scores_of(table, fold, spec, ("accuracy",))

    assert 0 <= score <= 1


@pytest.mark.parametrize("dtype", ["str", "string", "category", "object"])
def test_a_text_target_of_any_type_is_scored(dtype: str) -> None:
    table = make_table()
    table["y"] = table["y"].astype(dtype)
    folds = folds_of(table, "classification", 3, 0)

    scores = [scores_of(table, fold, make_spec(), ("f1",)) for fold in folds]

    assert np.isfinite(scores).all()


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "int8"])
def test_a_nullable_target_is_scored(dtype: str) -> None:
    table = make_table((0, 1))
    table["y"] = table["y"].astype(dtype)
    folds = folds_of(table, "classification", 3, 0)

    scores = [scores_of(table, fold, make_spec(), ("f1",)) for fold in folds]

    assert np.isfinite(scores).all()


@pytest.mark.parametrize("missing_in", ["train", "test"])
def test_a_fold_without_one_of_three_classes_has_a_log_loss(missing_in: str) -> None:
    table = make_table().assign(y=np.tile(["a", "b", "b"], 20))
    table.loc[:5, "y"] = "rare"
    others = np.arange(6, 60)
    fold = (others, np.arange(0, 60, 3)) if missing_in == "train" else (np.arange(50), others[-20:])
    spec = make_spec(path="sklearn.linear_model.LogisticRegression")
    rows = rows_of(table, fold, spec)

    (score,) = score_fold(rows, spec, ("logloss",))

    model = build_wrapped(spec, rows.roles).fit(rows.train, rows.train_values)
    likely = dict(zip(model.classes_, model.predict_proba(rows.test).T, strict=True))
    least = np.finfo(float).eps
    chances = [likely.get(y, np.zeros(20))[row] for row, y in enumerate(rows.test_values)]
    assert score == pytest.approx(-np.log(np.maximum(chances, least)).mean())
