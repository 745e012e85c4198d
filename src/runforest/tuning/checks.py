"""Whether a search space suits the estimator that it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.estimators import estimator_problems, param_name_problems
from runforest.tuning.space import space_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.estimators import EstimatorSpec


def search_space_problems(table: Mapping[str, object], spec: EstimatorSpec) -> dict[str, str]:
    """Return what is wrong with a search space, by `search_space.<name>.<key>`.

    The names are checked only if the estimator itself is sound, so that a misspelt estimator is
    told once and not for every parameter.
    """
    problems = dict(space_problems(table))
    if not estimator_problems(spec):
        problems |= param_name_problems(spec, table)
    return {f"search_space.{key}".strip("."): message for key, message in problems.items()}
