"""A booster that is not tuned gets its number of rounds from the folds of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold

from runforest.model.boosting.rounds import best_rounds
from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.splits import SplitSpec
from runforest.table.roles import feature_roles
from tests.tuning.studies import make_table


def test_the_rounds_are_those_with_the_least_mean_error_of_the_folds() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    table = make_table(150)
    params = {"n_estimators": 60, "learning_rate": 0.3, "num_leaves": 4, "verbose": -1, "n_jobs": 1}
    spec = EstimatorSpec(
        path="lightgbm.LGBMRegressor",
        params=params,
        seed=0,
        kind="regression",
        early_stopping_rounds=60,
    )
    rows, values = table[["x", "z"]].to_numpy(), table["y"].to_numpy()
    curves = []
    for train, test in KFold(5, shuffle=True, random_state=1).split(rows):
        model = lightgbm.LGBMRegressor(**params, random_state=0).fit(rows[train], values[train])
        stages = [model.predict(rows[test], num_iteration=i + 1) for i in range(60)]
        curves.append([root_mean_squared_error(values[test], stage) for stage in stages])

    roles = feature_roles(pd.DataFrame(table[["x", "z"]]), {})
    found = best_rounds(spec, table, "y", SplitSpec(kind="regression", seed=1), roles)

    assert found == {"n_estimators": int(np.argmin(np.mean(curves, axis=0))) + 1}


@pytest.mark.parametrize("path", ["xgboost.XGBClassifier", "lightgbm.LGBMClassifier"])
def test_folds_without_one_of_the_classes_have_a_number_of_rounds(path: str) -> None:
    pytest.importorskip(path.partition(".")[0])
    table = make_table(60).assign(y=np.tile(["a", "b", "c"], 20))
    table.loc[0, "y"] = "rare"
    params = {"n_estimators": 12, "n_jobs": 1}
    spec = EstimatorSpec(
        path=path, params=params, seed=0, kind="classification", early_stopping_rounds=3
    )
    roles = feature_roles(pd.DataFrame(table[["x", "z"]]), {})

    found = best_rounds(
        spec, table, "y", SplitSpec(kind="classification", cv="k_fold", seed=1), roles
    )

    assert 1 <= int(str(found["n_estimators"])) <= 12
