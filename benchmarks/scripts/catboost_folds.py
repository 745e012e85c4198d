"""House prices without Runforest: the validation curves of CatBoost on five folds.

`python catboost_folds.py FOLDER` prints the RMSLE of the defaults on its `train.csv`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from catboost import CatBoostRegressor
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DROPPED = ["Id", "Alley", "PoolQC", "Fence", "MiscFeature"]
PATIENCE = 30


def validation_curves(
    table: pd.DataFrame, params: Mapping[str, Any], n_rounds: int, n_folds: int = 5
) -> NDArray[np.float64]:
    """Return the RMSE of log1p(SalePrice) after each round of each fold.

    Parameters
    ----------
    table : (n_rows, 81) frame
        The training file, `NA` read as missing.
    params
        Parameters of CatBoost.

    Returns
    -------
    (n_folds, n_rounds) array
    """
    features, target = table.drop(columns=[*DROPPED, "SalePrice"]), np.log1p(table["SalePrice"])
    numbers = list(features.select_dtypes("number"))
    categories = [name for name in features if name not in numbers]
    curves = []
    for train, test in KFold(n_folds, shuffle=True, random_state=0).split(features):
        prepare = make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="most_frequent"), MinMaxScaler()), numbers),
            (SimpleImputer(strategy="constant", fill_value="None"), categories),
            verbose_feature_names_out=False,
        ).set_output(transform="pandas")
        fitted, judged = (
            prepare.fit_transform(features.iloc[train]),
            prepare.transform(features.iloc[test]),
        )
        model = CatBoostRegressor(
            iterations=n_rounds, random_seed=0, verbose=False, allow_writing_files=False, **params
        )
        model.fit(
            fitted,
            target.iloc[train],
            eval_set=(judged, target.iloc[test]),
            cat_features=categories,
        )
        curves.append(model.get_evals_result()["validation"]["RMSE"])
    return np.array(curves)


def stopped_minimum(curve: NDArray[np.float64]) -> tuple[float, int]:
    """Return the least value and its round, from 1; values after 30 rounds without one don't count.

    >>> stopped_minimum(np.array([3.0, 2.0, *[2.5] * 30, 1.0]))
    (2.0, 2)
    """
    best = 0
    for position, value in enumerate(curve):
        if value < curve[best]:
            best = position
        if position - best >= PATIENCE:
            break
    return float(curve[best]), best + 1


if __name__ == "__main__":
    houses = pd.read_csv(Path(sys.argv[1]) / "train.csv", keep_default_na=False, na_values=["NA"])
    mean_curve = validation_curves(houses, {}, 1000).mean(axis=0)
    least, n_rounds = stopped_minimum(mean_curve)
    found = {"rmsle": least, "rounds": n_rounds, "rmsle_after_1000_rounds": float(mean_curve[-1])}
    print(json.dumps(found))
