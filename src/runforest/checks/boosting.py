"""What is wrong with early stopping, and with training a booster for fewer rounds than it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from runforest.model.boosting.libraries import library_of
from runforest.model.estimators import estimator_class, param_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sklearn.base import BaseEstimator

    from runforest.model.estimator_spec import EstimatorSpec

BOOSTERS = "CatBoost, LightGBM or XGBoost"


def own_stopping_problems(
    factory: type[BaseEstimator], params: Mapping[str, object] | Iterable[str]
) -> dict[str, str]:
    """Return a message per option of a booster that wants validation rows in `fit`."""
    library = library_of(factory)
    if library is None:
        return {}
    values = params if isinstance(params, Mapping) else dict.fromkeys(params)
    found = {name: values[name] for name in library.own_stopping if name in values}
    return {
        name: "needs validation rows, which no fit gets by itself. Leave it out, and set [Trainer] "
        f"early_stopping_rounds = {value if type(value) is int and value > 0 else 30}: the folds "
        "then say how many rounds are best."
        for name, value in found.items()
    }


def early_stopping_problem(spec: EstimatorSpec) -> str | None:
    """Return why an estimator cannot be stopped early, and the remedy; None where it can."""
    if not spec.early_stopping_rounds:
        return None
    factory = estimator_class(spec.import_path)
    if library_of(factory) is not None:
        return None
    name, known = factory.__name__, param_names(factory)[0]
    own = [key for key in ("early_stopping", "n_iter_no_change") if key in known]
    if not own:
        return f"{name} does not boost in rounds. Leave it out, or name one of {BOOSTERS}."
    values = {"early_stopping": "true", "n_iter_no_change": str(spec.early_stopping_rounds)}
    params = ", ".join(f"{key} = {values[key]}" for key in own)
    return f"{name} sets rows aside and stops by itself. Leave it out; set params = {{ {params} }}."


def early_stopping_problems(spec: EstimatorSpec, *, is_tuned: bool) -> dict[str, str]:
    """Return what is wrong with early stopping; with a tuner, its search space may still help."""
    problem = early_stopping_problem(spec)
    if not problem and spec.early_stopping_rounds and not is_tuned:
        problem = boosting_problem(spec)
    return {"early_stopping_rounds": problem} if problem else {}


def boosting_problem(spec: EstimatorSpec) -> str | None:
    """Return why a booster cannot be trained for a part of its rounds; None where it can.

    Raises
    ------
    ValueError
        It is none.
    """
    factory = estimator_class(spec.import_path)
    if factory.__name__.startswith("XGBRF"):
        name = factory.__name__
        return f"{name} has one round. Use {name.replace('RF', '')}."
    if spec.params.get("task_type") == "GPU":
        return 'task_type = "GPU" cannot be watched round by round. Use "CPU".'
    has_rate = spec.params.get("learning_rate", spec.params.get("eta")) is not None
    if factory.__module__.startswith("catboost.") and not has_rate:
        return (
            "CatBoost derives the learning rate from the number of rounds, so that fewer rounds "
            "would be another training. Give `learning_rate`, such as 0.1, in params or in the "
            "search space."
        )
    return None
