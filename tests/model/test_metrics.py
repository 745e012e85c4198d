"""Names of scores: what people say, scikit-learn's, import paths; and what of them is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import sklearn.metrics
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer

from runforest.checks.scores import scorer_problem
from runforest.model.metrics import ERRORS, direction, imported_scorer, short_name
from runforest.model.scoring import named_scorer

if TYPE_CHECKING:
    from pathlib import Path

ROWS = np.arange(12.0).reshape(-1, 1)
CLASSES = np.array(["a", "b", "c"] * 4)
SCORES = """\
from sklearn.metrics import make_scorer

def profit(y_true, y_pred):
    return float((y_pred - y_true).sum())

def cost_loss(y_true, y_pred):
    return -profit(y_true, y_pred)

def by_model(estimator, X, y):
    return float(len(X))

turned = make_scorer(cost_loss, greater_is_better=False)
NUMBER = 3
"""


@pytest.fixture
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(tmp_path)
    name = f"scores_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(SCORES)
    return name


@pytest.mark.parametrize("name", [name for name in ERRORS if name not in {"brier", "logloss"}])
def test_an_error_is_positive_and_lower_is_better(name: str) -> None:
    if "log" in name and ERRORS[name] == "neg_log_loss":
        model, values = LogisticRegression().fit(ROWS, CLASSES), CLASSES
    else:
        model, values = DummyRegressor().fit(ROWS, ROWS[:, 0] + 1), ROWS[:, 0] + 1

    score = named_scorer(name)(model, ROWS, values)

    assert score > 0
    assert score == -get_scorer(ERRORS[name])(model, ROWS, values)
    assert direction(name) == "minimize"


def test_auc_is_that_of_one_class_against_the_rest_where_there_are_more_than_two() -> None:
    model = LogisticRegression().fit(ROWS, CLASSES)

    score = named_scorer("auc", np.unique(CLASSES))(model, ROWS, CLASSES)

    assert score == get_scorer("roc_auc_ovr")(model, ROWS, CLASSES)
    assert direction("auc") == "maximize"


def test_names_of_scikit_learn_stay_as_they_are() -> None:
    model = DummyRegressor().fit(ROWS, ROWS[:, 0])

    score = named_scorer("neg_mean_absolute_error")(model, ROWS, ROWS[:, 0])

    assert score < 0
    assert direction("neg_mean_absolute_error") == "maximize"


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("profit", "maximize"),
        ("cost_loss", "minimize"),
        ("by_model", "maximize"),
        ("turned", "maximize"),
    ],
)
def test_a_scorer_of_ones_own_is_better_when_its_name_says_so(
    name: str, better: str, scores: str
) -> None:
    model = DummyRegressor(strategy="constant", constant=3.0).fit(ROWS, ROWS[:, 0])

    score = named_scorer(f"{scores}.{name}")(model, ROWS, ROWS[:, 0])

    assert score == {"profit": -30, "cost_loss": 30, "by_model": 12, "turned": -30}[name]
    assert direction(f"{scores}.{name}") == better
    assert short_name(f"{scores}.{name}") == name
    assert scorer_problem(f"{scores}.{name}", "regression") is None


def test_a_metric_of_scikit_learn_can_be_named_by_its_import_path() -> None:
    model = DummyRegressor().fit(ROWS, ROWS[:, 0])

    score = named_scorer("sklearn.metrics.max_error")(model, ROWS, ROWS[:, 0])

    assert score == sklearn.metrics.max_error(ROWS[:, 0], model.predict(ROWS))
    assert direction("sklearn.metrics.max_error") == "minimize"


def test_what_is_no_scorer_is_refused_with_what_would_be(scores: str) -> None:
    with pytest.raises(ValueError, match=r"Name a function of \(y_true, y_pred\)"):
        imported_scorer(f"{scores}.NUMBER")

    assert "has no `profits`. Did you mean `profit`?" in str(
        scorer_problem(f"{scores}.profits", "regression")
    )
