"""Cross-validation agrees with the loop that anyone would write by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from runforest.evaluation.rounding import format_spread
from runforest.evaluation.scores import CrossValidation, cross_validate_pipeline, default_scorers
from runforest.model.splits import SplitSpec, fold_positions

N_FOLDS = 4
SEED = 3


def make_classes(labels: list[object], n_rows: int = 160) -> tuple[pd.DataFrame, pd.Series]:
    """Return a table whose target takes the given labels."""
    values, codes = make_classification(
        n_rows, 6, n_informative=4, n_classes=len(labels), flip_y=0.2, random_state=0
    )
    features = pd.DataFrame(values, columns=list("abcdef"), index=np.arange(n_rows) * 10)
    return features, pd.Series([labels[code] for code in codes], index=features.index)


def make_numbers() -> tuple[pd.DataFrame, pd.Series]:
    """Return a table whose target is a number."""
    values, target = make_regression(90, 3, noise=10.0, random_state=0)
    return pd.DataFrame(values, columns=list("abc")), pd.Series(target)


def validate(pipeline, features, target, *, kind, n_folds, seed, scorers=()) -> CrossValidation:
    spec = SplitSpec(kind=kind, n_folds=n_folds, seed=seed)
    folds = fold_positions(features.assign(y=target), "y", spec)
    return cross_validate_pipeline(
        pipeline, features, target, kind=kind, folds=folds, scorers=scorers
    )


def test_accuracy_and_predictions_equal_those_of_a_hand_made_loop() -> None:
    features, target = make_classes(["no", "yes"])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    accuracies, predictions = [], np.empty(len(target), dtype=object)
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED)
    for fit_rows, test_rows in splitter.split(features, target):
        model = clone(pipeline).fit(features.iloc[fit_rows], target.iloc[fit_rows])
        predictions[test_rows] = model.predict(features.iloc[test_rows])
        accuracies.append(np.mean(predictions[test_rows] == target.iloc[test_rows].to_numpy()))

    found = validate(
        pipeline,
        features,
        target,
        kind="classification",
        n_folds=N_FOLDS,
        seed=SEED,
        scorers=["accuracy"],
    )

    assert found.fold_scores["accuracy"] == pytest.approx(accuracies)
    assert found.mean("accuracy") == pytest.approx(sum(accuracies) / N_FOLDS)
    assert found.std("accuracy") == pytest.approx(np.std(accuracies))
    assert found.predictions.tolist() == predictions.tolist()


def test_a_regression_is_scored_on_plain_shuffled_folds() -> None:
    features, target = make_numbers()
    errors = []
    for fit_rows, test_rows in KFold(N_FOLDS, shuffle=True, random_state=SEED).split(features):
        model = LinearRegression().fit(features.iloc[fit_rows], target.iloc[fit_rows])
        residuals = target.iloc[test_rows] - model.predict(features.iloc[test_rows])
        errors.append(-np.sqrt(np.mean(residuals**2)))

    found = validate(
        LinearRegression(),
        features,
        target,
        kind="regression",
        n_folds=N_FOLDS,
        seed=SEED,
        scorers=default_scorers("regression", 0, LinearRegression()),
    )

    assert found.fold_scores["rmse"] == pytest.approx([-each for each in errors])
    assert found.main_scorer == "r2"
    assert found.class_scores is None
    assert found.classes == ()


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["no", "yes"]])
@pytest.mark.parametrize("estimator", [LogisticRegression(), RidgeClassifier()])
def test_the_second_of_two_classes_is_scored_by_probability_or_decision(
    labels: list[object], estimator: LogisticRegression | RidgeClassifier
) -> None:
    features, target = make_classes(labels)

    found = validate(
        estimator,
        features,
        target,
        kind="classification",
        n_folds=N_FOLDS,
        seed=SEED,
        scorers=default_scorers("classification", 2, estimator),
    )

    assert found.classes == tuple(labels)
    assert found.class_scores is not None
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=SEED)
    folds = splitter.split(features, target)
    for (_, rows), area in zip(folds, found.fold_scores["roc_auc"], strict=True):
        is_positive = found.target[rows] == labels[1]
        assert area == pytest.approx(roc_auc_score(is_positive, found.class_scores[rows]))


@pytest.mark.parametrize("scorer", ["f1", "average_precision", "neg_brier_score"])
def test_a_score_of_one_class_takes_the_greater_of_two_labels_without_a_one(scorer: str) -> None:
    found = []
    for labels in ([0, 1], ["no", "yes"]):
        features, target = make_classes(labels)

        found.append(
            validate(
                LogisticRegression(),
                features,
                target,
                kind="classification",
                n_folds=N_FOLDS,
                seed=SEED,
                scorers=[scorer, "accuracy"],
            )
        )

    numbers, texts = found
    assert texts.fold_scores[scorer] == pytest.approx(numbers.fold_scores[scorer])
    assert texts.fold_scores["accuracy"] == pytest.approx(numbers.fold_scores["accuracy"])


def test_several_string_classes_have_one_column_of_probabilities_each() -> None:
    features, target = make_classes(["pear", "apple", "fig"])

    found = validate(
        LogisticRegression(),
        features,
        target,
        kind="classification",
        n_folds=N_FOLDS,
        seed=SEED,
        scorers=default_scorers("classification", 3, LogisticRegression()),
    )

    assert found.classes == ("apple", "fig", "pear")
    assert found.class_scores is not None
    assert found.class_scores.sum(axis=1) == pytest.approx(np.ones(len(target)))
    best = [found.classes[column] for column in found.class_scores.argmax(axis=1)]
    assert found.predictions.tolist() == best
    assert set(found.fold_scores) >= {"roc_auc_ovr"}


def test_each_fold_is_fitted_once_and_the_given_pipeline_never() -> None:
    fits: list[int] = []

    class CountingClassifier(LogisticRegression):
        def fit(self, features: pd.DataFrame, target: pd.Series) -> CountingClassifier:
            fits.append(len(features))
            return super().fit(features, target)

    features, target = make_classes([0, 1])
    pipeline = CountingClassifier()

    validate(
        pipeline,
        features,
        target,
        kind="classification",
        n_folds=N_FOLDS,
        seed=SEED,
        scorers=default_scorers("classification", 2, pipeline),
    )

    assert len(fits) == N_FOLDS
    assert not hasattr(pipeline, "coef_")


def test_every_row_is_predicted_once() -> None:
    features, target = make_numbers()

    found = validate(
        LinearRegression(),
        features,
        target,
        kind="regression",
        n_folds=3,
        seed=SEED,
        scorers=["r2"],
    )

    assert found.n_folds == 3
    assert len(found.predictions) == len(target)


def test_folds_that_leave_rows_out_or_repeat_them_predict_each_row_as_often() -> None:
    features, target = make_numbers()
    rows = np.arange(90)
    folds = [(rows[:30], rows[60:]), (rows[:60], rows[60:]), (rows[:60], rows[50:70])]

    found = cross_validate_pipeline(
        LinearRegression(), features, target, kind="regression", folds=folds
    )

    seen = np.sort(np.concatenate([test for _, test in folds]))
    assert found.target.tolist() == target.iloc[seen].tolist()
    assert found.predictions == pytest.approx(found.target, abs=60)


@pytest.mark.parametrize(
    ("estimator", "n_classes"),
    [
        (LogisticRegression(), 4),
        (RidgeClassifier(), 4),
        (RidgeClassifier(), 3),
        (RandomForestClassifier(10), 2),
    ],
)
def test_a_class_that_a_fold_has_not_met_has_the_lowest_scores(estimator, n_classes: int) -> None:
    features, target = make_classes([f"c{number}" for number in range(n_classes)])
    rows = np.arange(160)
    is_met = (target != f"c{n_classes - 1}").to_numpy() & (rows < 80)
    folds = [(rows[is_met], rows[80:])]

    found = cross_validate_pipeline(
        estimator, features, target, kind="classification", folds=folds, scorers=["accuracy"]
    )

    scores = found.class_scores
    assert scores is not None
    if n_classes == 2:
        assert scores.tolist() == [0.0] * 80
    else:
        assert scores[:, -1].tolist() == scores.min(axis=1).tolist()
        assert scores.shape == (80, n_classes)


def test_without_a_name_the_usual_scorers_are_taken() -> None:
    features, target = make_numbers()

    found = validate(LinearRegression(), features, target, kind="regression", n_folds=3, seed=0)

    assert tuple(found.fold_scores) == default_scorers("regression", 0, LinearRegression())


@pytest.mark.parametrize(
    ("n_classes", "pipeline", "last"),
    [
        (2, RidgeClassifier(), "roc_auc"),
        (2, make_pipeline(StandardScaler(), RandomForestClassifier()), "roc_auc"),
        (3, RandomForestClassifier(), "roc_auc_ovr"),
        (3, make_pipeline(StandardScaler(), RidgeClassifier()), "f1_macro"),
    ],
)
def test_an_area_under_the_curve_is_a_default_only_where_it_can_be_computed(
    n_classes: int, pipeline: RidgeClassifier, last: str
) -> None:
    scorers = default_scorers("classification", n_classes, pipeline)

    assert scorers[0] == "accuracy"
    assert scorers[-1] == last


def test_a_single_split_has_no_spread() -> None:
    features, target = make_numbers()
    rows = np.arange(90)

    found = cross_validate_pipeline(
        LinearRegression(), features, target, kind="regression", folds=[(rows[:60], rows[60:])]
    )

    assert np.isnan(found.std(found.main_scorer))
    assert "\N{PLUS-MINUS SIGN}" not in format_spread(0.8, found.std(found.main_scorer))
