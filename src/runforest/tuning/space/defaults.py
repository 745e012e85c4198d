"""Search spaces of the usual estimators, for a tuner without one of its own.

They are published ones, as ranges: [1] for forests, XGBoost and HistGradientBoosting (its normal
distributions as ranges around their means), [2] for CatBoost, [3] for LightGBM (without the
choice of no regularisation, which the low ends amount to), [4] for SVMs and linear models. The
number of trees or rounds is left as it is, as it is there; neighbours and networks are ours.

References
----------
.. [1] Grinsztajn, Oyallon and Varoquaux (2022), "Why do tree-based models still outperform deep
   learning on typical tabular data?", appendix A.
.. [2] Shwartz-Ziv and Armon (2022), "Tabular data: Deep learning is not all you need".
.. [3] Prokhorenkova et al. (2018), "CatBoost: unbiased boosting with categorical features",
   supplement.
.. [4] Bischl et al. (2023), "Hyperparameter optimization: Foundations, algorithms, best practices,
   and open challenges".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.foundation.estimator_names import SHORT_NAMES
from runforest.model.estimators import split_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.model.estimator_spec import EstimatorSpec

Table = dict[str, object]


def _float(low: float, high: float, *, log: bool = False) -> Table:
    return {"type": "float", "low": low, "high": high, "log": log}


def _int(low: int, high: int, *, log: bool = False) -> Table:
    return {"type": "int", "low": low, "high": high, "log": log}


_PENALTY: Table = {"alpha": _float(1e-4, 1e4, log=True)}
_SHARE: list[object] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, "sqrt", "log2"]
_FOREST: Table = {
    "max_features": _SHARE,
    "min_samples_leaf": _int(1, 50, log=True),
    "min_samples_split": [2, 3],
    "bootstrap": [True, False],
}
_SVM: Table = {"C": _float(1e-4, 1e4, log=True)}

SPACES: dict[str, Table] = {
    "ridge": _PENALTY,
    "lasso": {"alpha": _float(1e-4, 1e2, log=True)},
    "elastic_net": {"alpha": _float(1e-4, 1e2, log=True), "l1_ratio": _float(0.0, 1.0)},
    "logistic_regression": _SVM,
    "sgd": {"alpha": _float(1e-5, 1e-1, log=True)},
    "linear_svm": _SVM,
    "svm": {**_SVM, "gamma": _float(1e-4, 1e4, log=True), "kernel": ["rbf", "linear", "sigmoid"]},
    "knn": {"n_neighbors": _int(1, 50, log=True), "weights": ["uniform", "distance"], "p": [1, 2]},
    "mlp": {
        "alpha": _float(1e-6, 1e-1, log=True),
        "learning_rate_init": _float(1e-4, 1e-1, log=True),
        "batch_size": [32, 64, 128, 256],
    },
    "decision_tree": {
        "max_depth": _int(1, 30),
        "min_samples_leaf": _int(1, 60, log=True),
        "ccp_alpha": _float(1e-6, 1e-1, log=True),
    },
    "random_forest": _FOREST,
    "extra_trees": _FOREST,
    "gradient_boosting": {
        "learning_rate": _float(1e-3, 1.0, log=True),
        "max_depth": _int(2, 5),
        "subsample": _float(0.5, 1.0),
        "min_samples_split": [2, 3],
    },
    "hist_gradient_boosting": {
        "learning_rate": _float(1e-3, 1.0, log=True),
        "max_leaf_nodes": _int(16, 46),
        "max_depth": [None, 2, 3, 4],
        "min_samples_leaf": _int(14, 26),
    },
    "lightgbm": {
        "learning_rate": _float(1e-3, 1.0, log=True),
        "num_leaves": _int(2, 1096, log=True),
        "colsample_bytree": _float(0.5, 1.0),
        "subsample": _float(0.5, 1.0),
        "subsample_freq": [1],
        "min_child_samples": _int(1, 403, log=True),
        "min_child_weight": _float(1e-7, 148.0, log=True),
        "reg_alpha": _float(1e-7, 7.4, log=True),
        "reg_lambda": _float(1e-7, 7.4, log=True),
    },
    "xgboost": {
        "learning_rate": _float(1e-5, 0.7, log=True),
        "max_depth": _int(1, 11),
        "min_child_weight": _float(1.0, 100.0, log=True),
        "subsample": _float(0.5, 1.0),
        "colsample_bytree": _float(0.5, 1.0),
        "colsample_bylevel": _float(0.5, 1.0),
        "gamma": _float(1e-8, 7.0, log=True),
        "reg_alpha": _float(1e-8, 100.0, log=True),
        "reg_lambda": _float(1.0, 4.0, log=True),
    },
    "catboost": {
        "learning_rate": _float(6.7e-3, 1.0, log=True),
        "random_strength": _int(1, 20),
        "one_hot_max_size": _int(0, 25),
        "l2_leaf_reg": _float(1.0, 10.0, log=True),
        "bootstrap_type": ["Bayesian"],
        "bagging_temperature": _float(0.0, 1.0),
        "leaf_estimation_iterations": _int(1, 20),
    },
}


def space_or_default(table: Mapping[str, object], spec: EstimatorSpec) -> Mapping[str, object]:
    """Return a search space, or if it is empty that of the estimator, bar what its params say.

    Empty for an estimator that has none here.

    >>> from runforest.model.estimator_spec import EstimatorSpec
    >>> ridge = EstimatorSpec(path="ridge", params={}, seed=0, kind="regression")
    >>> space_or_default({}, ridge)
    {'alpha': {'type': 'float', 'low': 0.0001, 'high': 10000.0, 'log': True}}
    """
    if table:
        return table
    params, nested = split_params(spec)
    paths = {path: name for name, both in SHORT_NAMES.items() for path in both}
    found = SPACES.get(paths.get(spec.import_path, ""), {})
    space = {name: entry for name, entry in found.items() if name not in params}
    for outer, inner in nested.items():
        space |= {f"{outer}__{name}": entry for name, entry in space_or_default({}, inner).items()}
    return space
