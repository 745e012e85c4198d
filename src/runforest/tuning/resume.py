"""What of an earlier study counts for the one that goes on from it."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING

from runforest.tuning.dimensions import CategoricalDimension, IntDimension
from runforest.tuning.journal import RECORD_KEY, record_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.trial import FrozenTrial

    from runforest.tuning.dimensions import Dimension


def fitting_trials(
    finished: Sequence[FrozenTrial], space: Mapping[str, Dimension], n_trials: int
) -> list[FrozenTrial]:
    """Return the earlier trials that lie in the search space, numbered anew, at most `n_trials`.

    An empty space, as of a task that suggests by itself, has room for all.
    """
    inside = [trial for trial in finished if not space or is_inside(trial.params, space)]
    return [_adapted(trial, number, space) for number, trial in enumerate(inside[:n_trials])]


def is_inside(params: Mapping[str, object], space: Mapping[str, Dimension]) -> bool:
    """Return whether the space could have suggested these parameters.

    >>> from runforest.tuning.space import parse_space
    >>> narrow = parse_space({"depth": {"type": "int", "low": 2, "high": 4}})
    >>> is_inside({"depth": 3}, narrow), is_inside({"depth": 5}, narrow), is_inside({}, narrow)
    (True, False, False)
    """
    return params.keys() == space.keys() and all(
        _has(space[name], value) for name, value in params.items()
    )


def _has(dimension: Dimension, value: object) -> bool:
    if isinstance(dimension, CategoricalDimension):
        # 1 and True are equal, yet different choices.
        return any(choice == value and type(choice) is type(value) for choice in dimension.choices)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(dimension, IntDimension):
        return isinstance(value, int) and value in dimension.values()
    if dimension.step is None:
        return dimension.low <= value <= dimension.high
    nearest = dimension.nearest(value)
    return abs(nearest - value) <= 1e-9 * max(abs(nearest), 1.0)


def _adapted(trial: FrozenTrial, number: int, space: Mapping[str, Dimension]) -> FrozenTrial:
    """Return a copy with the number that it has now, in the distributions that hold now.

    Optuna refuses a study in which one name has different choices.
    """
    adapted = copy.copy(trial)
    adapted.distributions = {
        name: space[name].distribution() if name in space else distribution
        for name, distribution in trial.distributions.items()
    }
    record = dataclasses.replace(record_of(trial), number=number)
    adapted.user_attrs = {**trial.user_attrs, RECORD_KEY: record.to_json()}
    return adapted
