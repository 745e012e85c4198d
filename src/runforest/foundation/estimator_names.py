"""Short names of the usual estimators, and the import paths that a configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from runforest.foundation.errors import did_you_mean

Kind = Literal["classification", "regression"]
"""What a target is."""

_FAMILIES = {
    "catboost": "catboost.CatBoost{}",
    "decision_tree": "sklearn.tree.DecisionTree{}",
    "extra_trees": "sklearn.ensemble.ExtraTrees{}",
    "gradient_boosting": "sklearn.ensemble.GradientBoosting{}",
    "hist_gradient_boosting": "sklearn.ensemble.HistGradientBoosting{}",
    "knn": "sklearn.neighbors.KNeighbors{}",
    "lightgbm": "lightgbm.LGBM{}",
    "mlp": "sklearn.neural_network.MLP{}",
    "random_forest": "sklearn.ensemble.RandomForest{}",
    "sgd": "sklearn.linear_model.SGD{}",
    "xgboost": "xgboost.XGB{}",
}
_OTHERS = {
    "linear_svm": ("sklearn.svm.LinearSVC", "sklearn.svm.LinearSVR"),
    "ridge": ("sklearn.linear_model.RidgeClassifier", "sklearn.linear_model.Ridge"),
    "svm": ("sklearn.svm.SVC", "sklearn.svm.SVR"),
    **dict.fromkeys(["elastic_net"], ("sklearn.linear_model.ElasticNet",) * 2),
    **dict.fromkeys(["lasso"], ("sklearn.linear_model.Lasso",) * 2),
    **dict.fromkeys(["linear_regression"], ("sklearn.linear_model.LinearRegression",) * 2),
    **dict.fromkeys(["logistic_regression"], ("sklearn.linear_model.LogisticRegression",) * 2),
    **dict.fromkeys(["naive_bayes"], ("sklearn.naive_bayes.GaussianNB",) * 2),
}
SHORT_NAMES: dict[str, tuple[str, str]] = _OTHERS | {
    name: (path.format("Classifier"), path.format("Regressor")) for name, path in _FAMILIES.items()
}
"""Name -> the import path for classes, and that for numbers; equal where there is only one."""

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def estimator_path(name: str, kind: str) -> str:
    """Return the import path of a short name for a kind of target, and any other text as it is.

    >>> estimator_path("ridge", "regression"), estimator_path("a.Model", "regression")
    ('sklearn.linear_model.Ridge', 'a.Model')
    """
    paths = SHORT_NAMES.get(name)
    return paths[kind == "regression"] if paths else name


def unknown_name(name: str) -> str:
    """Return what to do with a name that is neither short nor an import path.

    >>> unknown_name("catbost")
    'unknown estimator "catbost". Did you mean `catboost`? Or give an import path.'
    """
    hint = did_you_mean(name, SHORT_NAMES)
    return f'unknown estimator "{name}". {hint} Or give an import path.'


def import_paths(value: object) -> Iterator[str]:
    """Yield the import paths that a value has, also deep in tables; some may only look like one.

    >>> list(import_paths({"regressor": {"class": "xgboost"}, "transformer": "my.Own", "n": 3}))
    ['xgboost.XGBClassifier', 'my.Own']
    """
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from import_paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from import_paths(inner)
    elif isinstance(value, str):
        path = estimator_path(value, "classification")
        if _PATH.fullmatch(path):
            yield path
