"""XGBoost, LightGBM and CatBoost: a new model takes the one so far as its beginning."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.model.estimators import SEED_PARAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sklearn.base import BaseEstimator

    from runforest.model.stepwise.trainer import StepWork

SEEDS = 2**31  # seeds of these libraries are smaller


def is_from(package: str) -> Callable[[BaseEstimator], bool]:
    """Return the predicate of estimators whose class, or a base of it, is of the package."""
    return lambda template: any(
        base.__module__.partition(".")[0] == package for base in type(template).__mro__
    )


@dataclass(frozen=True, kw_only=True)
class Booster:
    """Fit the rounds of a step on top of the model so far.

    Each step has a seed of its own. With one seed for all, LightGBM would choose the same rows and
    columns in each step, and XGBoost go on with the generator of its process, wherever another
    training has left that (dmlc/xgboost#6711, #10324).
    """

    previous: str
    """The option of `fit` that takes the model so far."""
    rounds: tuple[str, ...]
    """Names of the option with the number of rounds; the first is the usual one."""
    default_rounds: int
    has_own_rate: bool = False
    """Whether the learning rate follows from the number of rounds where it is not given."""

    def problem(self, template: BaseEstimator) -> str | None:
        """Name the options that the library cannot continue with."""
        params = template.get_params()
        boosting = params.get("boosting", params.get("boosting_type"))
        if type(template).__name__.startswith("XGBRF"):
            return "its only round. Use XGBClassifier or XGBRegressor."
        if boosting in ("dart", "rf"):
            return f'`boosting_type = "{boosting}"`, whose trees depend on later ones. Use "gbdt".'
        if params.get("task_type") == "GPU":
            return '`task_type = "GPU"`, on which CatBoost cannot go on (#2736). Use "CPU".'
        if self.has_own_rate and params.get("learning_rate", params.get("eta")) is None:
            return (
                "a learning rate that CatBoost derives from the number of iterations: it would be "
                "another one in steps. Give `learning_rate`."
            )
        return None

    def total(self, template: BaseEstimator) -> int:
        """Return the number of rounds."""
        params = template.get_params()
        return int(params.get(self._rounds_name(params)) or self.default_rounds)

    def train(
        self, template: BaseEstimator, fitted: BaseEstimator | None, work: StepWork
    ) -> BaseEstimator:
        """Fit a new model that begins with the one so far."""
        params = template.get_params()
        changed: dict[str, object] = {self._rounds_name(params): work.stop - work.start}
        if fitted is None:
            return template.set_params(**changed).fit(work.rows, work.values)
        seed = next((name for name in SEED_PARAMS if params.get(name) is not None), SEED_PARAMS[0])
        changed[seed] = (int(params.get(seed) or 0) + work.start) % SEEDS
        model = template.set_params(**changed)
        # A copy, as if it came from another process: in this one CatBoost would go on from what it
        # still holds of the training, and the model would depend on who does the step.
        return model.fit(work.rows, work.values, **{self.previous: deepcopy(fitted)})

    def _rounds_name(self, params: dict[str, object]) -> str:
        # The usual one may stand beside another name, which then counts.
        given = (name for name in self.rounds[::-1] if params.get(name) is not None)
        return next(given, self.rounds[0])


_LIGHTGBM_ROUNDS = (
    *("n_estimators", "num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees"),
    *("num_round", "num_rounds", "nrounds", "num_boost_round", "max_iter"),
)

BOOSTERS: dict[str, Booster] = {
    "xgboost": Booster(previous="xgb_model", rounds=("n_estimators",), default_rounds=100),
    "lightgbm": Booster(previous="init_model", rounds=_LIGHTGBM_ROUNDS, default_rounds=100),
    "catboost": Booster(
        previous="init_model",
        rounds=("iterations", "n_estimators", "num_boost_round", "num_trees"),
        default_rounds=1000,
        has_own_rate=True,
    ),
}
