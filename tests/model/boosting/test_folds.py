"""Boosting of all folds together equals separate fits, and stops where the mean score is best."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.metrics import get_scorer, log_loss, mean_squared_error, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold

from runforest.model.boosting.folds import boost_folds, rounds_of, with_rounds
from runforest.model.boosting.lockstep import Lockstep, run_together
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import estimator_class
from runforest.model.folds import FoldRows

PATIENCE, ROUNDS = 5, 60
REGRESSORS = {
    "catboost.CatBoostRegressor": {
        "iterations": ROUNDS, "learning_rate": 0.4, "depth": 3, "subsample": 0.75,
        "bootstrap_type": "Bernoulli",
        "verbose": False, "allow_writing_files": False, "random_state": 0, "thread_count": 1,
    },
    "lightgbm.LGBMRegressor": {
        "n_estimators": ROUNDS, "learning_rate": 0.4, "num_leaves": 7, "subsample": 0.75,
        "subsample_freq": 1, "verbose": -1, "random_state": 0, "n_jobs": 1,
    },
    "xgboost.XGBRegressor": {
        "n_estimators": ROUNDS, "learning_rate": 0.4, "max_depth": 3, "subsample": 0.75,
        "random_state": 0, "n_jobs": 1,
    },
}  # fmt: skip
CLASSIFIERS = {
    path.replace("Regressor", "Classifier"): params for path, params in REGRESSORS.items()
}


def make_spec(path: str, params: dict[str, object], **changes: object) -> EstimatorSpec:
    pytest.importorskip(path.partition(".")[0])
    kind = "classification" if "Classifier" in path else "regression"
    changes = {"early_stopping_rounds": PATIENCE, **changes}
    return EstimatorSpec(path=path, params=params, seed=0, kind=kind, **changes)


def make_folds(labels: list[object] | None = None, n_rows: int = 240) -> list[FoldRows]:
    random = np.random.default_rng(3)
    rows = random.normal(size=(n_rows, 5))
    signal = rows[:, 0] + np.sin(2 * rows[:, 1]) + random.normal(scale=0.7, size=n_rows)
    values = np.exp(signal / 2)
    splits = KFold(3, shuffle=True, random_state=0)
    if labels:
        edges = np.quantile(signal, np.linspace(0, 1, len(labels) + 1)[1:-1])
        values = np.array(labels)[np.digitize(signal, edges)]
        splits = StratifiedKFold(3, shuffle=True, random_state=0)
    return [
        FoldRows(
            train=rows[train],
            train_values=values[train],
            test=rows[test],
            test_values=values[test],
            labels=np.unique(values) if labels else None,
        )
        for train, test in splits.split(rows, values)
    ]


def stop_at(mean: np.ndarray, sign: int) -> int:
    """Return the best round of a mean curve, by the rule of `early_stopping_rounds`."""
    best = 0
    for place, value in enumerate(sign * mean):
        if value > sign * mean[best]:
            best = place
        elif place - best >= PATIENCE:
            break
    return best + 1


def catboost_curves(params: dict[str, object], folds: list[FoldRows]) -> np.ndarray:
    """Return the validation curves of plain fits, as anyone would write them."""
    from catboost import CatBoostRegressor

    curves = []
    for rows in folds:
        model = CatBoostRegressor(**params)
        model.fit(
            rows.train,
            np.log1p(rows.train_values),
            eval_set=(rows.test, np.log1p(rows.test_values)),
            use_best_model=False,
        )
        curves.append(model.evals_result_["validation"]["RMSE"])
    return np.array(curves)


def test_catboost_scores_what_fits_with_an_eval_set_score() -> None:
    path = "catboost.CatBoostRegressor"
    folds, params = make_folds(), REGRESSORS[path]
    spec = make_spec(path, params, target_transform="log1p")
    curves = catboost_curves(params, folds)

    found = boost_folds(spec, folds, ["rmsle"])

    best = stop_at(curves.mean(axis=0), sign=-1)
    assert 1 < best < ROUNDS
    assert found.n_rounds == best
    assert [score for (score,) in found.scores] == pytest.approx(curves[:, best - 1], abs=1e-6)
    assert found.is_over


@pytest.mark.parametrize("path", REGRESSORS)
def test_a_regression_scores_what_single_fits_with_so_many_rounds_score(path: str) -> None:
    folds, params = make_folds(), REGRESSORS[path]
    spec = make_spec(path, params)

    found = boost_folds(spec, folds, ["rmse", "r2"])

    assert 1 < found.n_rounds < ROUNDS
    again = {**params, **with_rounds(spec, found.n_rounds)}
    for rows, (rmse, r2) in zip(folds, found.scores, strict=True):
        model = estimator_class(path)(**again).fit(rows.train, rows.train_values)
        expected = root_mean_squared_error(rows.test_values, model.predict(rows.test))
        assert rmse == pytest.approx(expected, abs=1e-6)
        assert r2 == pytest.approx(model.score(rows.test, rows.test_values), abs=1e-6)


@pytest.mark.parametrize("labels", [["no", "yes"], [1, 2], ["low", "mid", "top"]])
@pytest.mark.parametrize("path", CLASSIFIERS)
def test_a_classification_scores_what_single_fits_with_so_many_rounds_score(
    path: str, labels: list[object]
) -> None:
    folds, params = make_folds(labels), CLASSIFIERS[path]
    spec = make_spec(path, params)

    found = boost_folds(spec, folds, ["logloss", "accuracy"])

    again = {**params, **with_rounds(spec, found.n_rounds)}
    for rows, (loss, accuracy) in zip(folds, found.scores, strict=True):
        _, codes = np.unique(rows.train_values, return_inverse=True)
        model = estimator_class(path)(**again).fit(rows.train, codes)
        probabilities = model.predict_proba(rows.test)
        expected = log_loss(rows.test_values, probabilities, labels=labels)
        assert loss == pytest.approx(expected, abs=1e-6)
        hits = np.array(labels)[probabilities.argmax(axis=1)] == rows.test_values
        assert accuracy == pytest.approx(hits.mean())


def test_the_best_round_is_that_of_the_mean_over_the_folds_not_of_each() -> None:
    path = "lightgbm.LGBMRegressor"
    folds, params = make_folds(), REGRESSORS[path]
    lightgbm = pytest.importorskip("lightgbm")
    curves = []
    for rows in folds:
        model = lightgbm.LGBMRegressor(**params).fit(rows.train, rows.train_values)
        stages = [model.predict(rows.test, num_iteration=i + 1) for i in range(ROUNDS)]
        curves.append([mean_squared_error(rows.test_values, stage) for stage in stages])

    found = boost_folds(make_spec(path, params), folds, ["mse"])

    assert found.n_rounds == stop_at(np.mean(curves, axis=0), sign=-1)


def test_without_early_stopping_all_rounds_are_trained_and_the_last_counts() -> None:
    path = "lightgbm.LGBMRegressor"
    folds, params = make_folds(), REGRESSORS[path]
    spec = make_spec(path, params, early_stopping_rounds=0)

    found = boost_folds(spec, folds, ["r2"])

    model = estimator_class(path)(**params).fit(folds[0].train, folds[0].train_values)
    assert found.n_rounds == rounds_of(spec) == ROUNDS
    assert found.is_over
    assert found.scores[0][0] == pytest.approx(model.score(folds[0].test, folds[0].test_values))


def test_a_part_of_the_rounds_is_what_a_training_of_all_scores_there() -> None:
    path = "catboost.CatBoostRegressor"
    folds, params = make_folds(), REGRESSORS[path]
    spec = make_spec(path, params, early_stopping_rounds=0)

    part = boost_folds(spec, folds, ["r2"], n_rounds=20)

    whole = estimator_class(path)(**params).fit(folds[0].train, folds[0].train_values)
    expected = whole.predict(folds[0].test, ntree_end=20)
    r2 = 1 - np.sum((folds[0].test_values - expected) ** 2) / np.sum(
        (folds[0].test_values - folds[0].test_values.mean()) ** 2
    )
    assert not part.is_over
    assert part.scores[0][0] == pytest.approx(r2)


def test_poisson_losses_of_catboost_are_predicted_as_their_models_predict() -> None:
    path = "catboost.CatBoostRegressor"
    folds, params = make_folds(), {**REGRESSORS[path], "loss_function": "Poisson"}
    spec = make_spec(path, params, early_stopping_rounds=0)

    found = boost_folds(spec, folds, ["rmse"])

    model = estimator_class(path)(**params).fit(folds[0].train, folds[0].train_values)
    rmse = root_mean_squared_error(folds[0].test_values, model.predict(folds[0].test))
    assert found.scores[0][0] == pytest.approx(rmse)


def test_an_error_of_one_fold_ends_the_training_of_all() -> None:
    path = "lightgbm.LGBMRegressor"
    first, *others = make_folds()
    broken = [first, FoldRows(**{**vars(others[0]), "train_values": np.full(160, np.nan)})]

    with pytest.raises(ValueError, match="NaN"):
        boost_folds(make_spec(path, REGRESSORS[path]), broken, ["rmse"])

    assert not [one for one in threading.enumerate() if one.name.startswith("fold ")]


def test_a_scorer_of_scikit_learn_is_the_curve_as_well() -> None:
    path = "lightgbm.LGBMClassifier"
    folds, params = make_folds(["no", "yes"]), CLASSIFIERS[path]
    spec = make_spec(path, params)

    found = boost_folds(spec, folds, ["roc_auc"])

    again = {**params, **with_rounds(spec, found.n_rounds)}
    model = estimator_class(path)(**again).fit(folds[0].train, folds[0].train_values)
    expected = get_scorer("roc_auc")(model, folds[0].test, folds[0].test_values)
    assert found.scores[0][0] == pytest.approx(expected)


def test_a_fold_that_ends_early_counts_with_its_last_score() -> None:
    lockstep = Lockstep(2, patience=2, sign=-1)
    seen: list[bool] = []

    def short() -> None:
        lockstep.judge(0, 1.0)

    def long() -> None:
        for score in (4.0, 3.0, 2.0, 5.0, 6.0, 7.0):
            verdict = lockstep.judge(1, score)
            seen.append(verdict.is_best)
            if not verdict.goes_on:
                return

    run_together(lockstep, [short, long])

    assert (lockstep.best_round, lockstep.n_rounds) == (3, 5)
    assert seen == [True, True, True, False, False]
    assert lockstep.has_converged
