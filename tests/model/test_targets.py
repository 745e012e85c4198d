"""A transformed target, and classes as numbers, around any estimator."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, Ridge
from skops.io import dump, dumps, get_untrusted_types, loads

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.estimators import build_pipeline
from runforest.model.folds import FoldRows
from runforest.model.scoring import score_fold
from runforest.model.stepwise.steps import advance
from runforest.model.targets import TRANSFORMS, transform_problem, unwrap
from runforest.table.roles import feature_roles

if TYPE_CHECKING:
    from pathlib import Path

FOREST = "sklearn.ensemble.RandomForestRegressor"
TABLE = pd.DataFrame({"x": np.linspace(0, 4, 40)})
ROLES = feature_roles(TABLE, {})
PRICES = pd.Series(np.exp(1 + TABLE["x"]), name="price")


def make_spec(path: str = "", transform: str = "log", **params: object) -> EstimatorSpec:
    return EstimatorSpec(
        path=path, params=params, seed=0, kind="regression", target_transform=transform
    )


def xgboost_spec(**params: object) -> EstimatorSpec:
    params = {"n_estimators": 5, "n_jobs": 1, **params}
    return EstimatorSpec(path="xgboost.XGBClassifier", params=params, seed=0, kind="classification")


def test_predictions_of_a_transformed_target_are_on_its_own_scale() -> None:
    model = build_pipeline(make_spec("sklearn.linear_model.LinearRegression"), ROLES).fit(
        TABLE, PRICES
    )

    assert model.predict(TABLE) == pytest.approx(PRICES.to_numpy())


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_learns_what_numpy_makes_of_the_target(name: str) -> None:
    functions = TRANSFORMS[name]
    model = build_pipeline(make_spec(transform=name), ROLES).fit(TABLE, PRICES)

    scaled = (TABLE - TABLE.mean()) / TABLE.std(ddof=0)
    inner = Ridge(random_state=0).fit(scaled.to_numpy(), getattr(np, functions.function)(PRICES))
    expected = getattr(np, functions.inverse)(inner.predict(scaled.to_numpy()))
    assert model.predict(TABLE) == pytest.approx(expected)


def test_a_fold_is_scored_on_the_scale_of_the_target() -> None:
    rows = FoldRows(
        train=TABLE.to_numpy(),
        train_values=PRICES.to_numpy(),
        test=TABLE.to_numpy(),
        test_values=PRICES.to_numpy(),
        labels=None,
    )
    spec = make_spec("sklearn.linear_model.LinearRegression")

    assert score_fold(rows, spec, ["r2"]) == pytest.approx((1.0,))


def test_steps_of_a_training_transform_the_target_too() -> None:
    spec = make_spec(FOREST, n_estimators=6)
    rows = TABLE, PRICES.to_numpy()

    state = None
    for step in (1, 2, 3):
        state = advance(spec, state, *rows, ROLES, step=step, n_steps=3)

    assert state is not None
    expected = build_pipeline(spec, ROLES).fit(*rows).predict(TABLE)
    assert state.pipeline.predict(TABLE) == pytest.approx(expected)


def test_the_estimator_within_is_found_for_reports() -> None:
    assert isinstance(unwrap(build_pipeline(make_spec(), ROLES)[-1]), Ridge)
    assert isinstance(unwrap(LinearRegression()), LinearRegression)


def test_a_saved_model_with_a_transform_loads_without_runforest(tmp_path: Path) -> None:
    model = build_pipeline(make_spec("sklearn.linear_model.LinearRegression"), ROLES).fit(
        TABLE, PRICES
    )
    dump(model, tmp_path / "model.skops")
    script = (
        "import sys\n"
        "from skops.io import get_untrusted_types, load\n"
        f"file = {str(tmp_path / 'model.skops')!r}\n"
        "model = load(file, trusted=get_untrusted_types(file=file))\n"
        "assert 'runforest' not in sys.modules\n"
        "import pandas as pd\n"
        "print(model.predict(pd.DataFrame({'x': [0.0]}))[0])\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert float(printed) == pytest.approx(np.e)


@pytest.mark.parametrize(
    ("name", "lowest", "remedy"),
    [
        ("lgo", 1.0, "Choose one of: log, log1p, sqrt."),
        ("log", 0.0, "Use log1p or sqrt, or leave it out."),
        ("log1p", -1.0, "Leave it out."),
        ("sqrt", -0.5, "Use log1p, or leave it out."),
    ],
)
def test_a_target_that_a_transform_does_not_take_is_refused(
    name: str, lowest: float, remedy: str
) -> None:
    problem = transform_problem(name, is_regression=True, lowest=lowest)

    assert problem is not None
    assert problem.endswith(remedy)


def test_the_remedy_for_a_target_outside_of_a_transform_works() -> None:
    assert transform_problem("log1p", is_regression=True, lowest=0.0) is None
    assert transform_problem("sqrt", is_regression=True, lowest=0.0) is None
    assert transform_problem("", is_regression=True, lowest=-3.0) is None


def test_classes_are_not_transformed() -> None:
    problem = transform_problem("log1p", is_regression=False, lowest=1.0)

    assert problem is not None
    assert "Leave it out" in problem


@pytest.mark.parametrize("labels", [[1, 2], ["no", "yes"], ["low", "mid", "top"]])
def test_xgboost_takes_any_labels_and_predicts_them_as_they_are_spelt(
    labels: list[object],
) -> None:
    pytest.importorskip("xgboost")
    table = pd.DataFrame({"x": np.repeat(np.arange(len(labels)), 20).astype(float)})
    values = np.repeat(np.array(labels), 20)

    model = build_pipeline(xgboost_spec(), feature_roles(table, {})).fit(table, values)

    assert model.predict(table).tolist() == values.tolist()
    assert model.classes_.tolist() == labels
    stored = dumps(model)
    again = loads(stored, trusted=get_untrusted_types(data=stored))
    assert again.predict(table).tolist() == values.tolist()


def test_a_transform_of_a_user_within_is_left_alone() -> None:
    path = "sklearn.compose.TransformedTargetRegressor"
    spec = make_spec(path, transform="")

    assert isinstance(build_pipeline(spec, ROLES)[-1], TransformedTargetRegressor)
