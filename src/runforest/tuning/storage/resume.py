"""Which trials of an earlier study count for the one that goes on from it."""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from runforest.tuning.space.dimensions import CategoricalDimension, FloatDimension, IntDimension
from runforest.tuning.storage.study_file import StudyFile, record_of
from runforest.tuning.study.trial_record import RECORD_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.trial import FrozenTrial

    from runforest.tuning.space.dimensions import Dimension
    from runforest.tuning.study.spec import StudySpec

logger = logging.getLogger(__name__)

CMAES_PREFIXES = ("cma:", "cmawm:", "x_for_tell")
"""Attributes in which CMA-ES keeps its state, in coordinates of the space it had."""


@dataclass(frozen=True, kw_only=True)
class EarlierTrials:
    """The trials that a study goes on from: the finished ones that count, in that order.

    `unfinished` has the parameters, by uid, of those that were running when an earlier driver died,
    `order` the uids of all that were ever started, also of those that do not count.
    """

    finished: Sequence[FrozenTrial] = ()
    unfinished: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    order: Sequence[str] = ()


def earlier_trials(file: StudyFile | None, study: StudySpec) -> EarlierTrials:
    """Return the trials of the file that lie in the search space, at most `n_trials` finished ones.

    These are numbered anew. An empty space has room for all.
    """
    if file is None:
        return EarlierTrials()
    stored, started = file.finished(), file.started()
    is_conditional = study.is_conditional or not study.space
    fits = partial(is_inside, space=study.space, is_conditional=is_conditional)
    inside = [trial for trial in stored if fits(trial.params)][: study.n_trials]
    finished = [_adapted(trial, number, study.space) for number, trial in enumerate(inside)]
    n_outside = len(stored) - len(finished)
    if n_outside and len(finished) < study.n_trials:
        logger.info(
            "%d earlier trials lie outside of the search space and are left out.", n_outside
        )
    done = [record_of(trial).uid for trial in stored]
    unfinished = {
        uid: _on_steps(params, study.space)
        for uid, params in started.items()
        if uid not in done and fits(params)
    }
    order = list(dict.fromkeys([*started, *done]))
    return EarlierTrials(finished=finished, unfinished=unfinished, order=order)


def is_inside(
    params: Mapping[str, object], space: Mapping[str, Dimension], *, is_conditional: bool = False
) -> bool:
    """Return whether the space could have suggested these parameters.

    With `is_conditional`, those that have a dimension count alone.

    >>> from runforest.tuning.space.table import parse_space
    >>> narrow = parse_space({"depth": {"type": "int", "low": 2, "high": 4}})
    >>> is_inside({"depth": 3}, narrow), is_inside({"depth": 5}, narrow), is_inside({}, narrow)
    (True, False, False)
    """
    return (is_conditional or params.keys() == space.keys()) and all(
        _has(space[name], value) for name, value in params.items() if name in space
    )


def _has(dimension: Dimension, value: object) -> bool:
    if isinstance(dimension, CategoricalDimension):
        # 1 and True are equal, yet different choices; nan is none that equals itself.
        return repr(value) in map(repr, dimension.choices)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if isinstance(dimension, IntDimension):
        return isinstance(value, int) and value in dimension.values()
    if dimension.step is None:
        return dimension.low <= value <= dimension.high
    nearest = dimension.nearest(value)
    return abs(nearest - value) <= 1e-9 * max(abs(nearest), 1.0)


def _on_steps(params: Mapping[str, object], space: Mapping[str, Dimension]) -> dict[str, object]:
    """Return parameters whose floats are exact steps of their dimensions.

    Optuna adds steps up in floating point: what it stored can lie above a `high` of now.
    """
    moved = dict(params)
    for name, dimension in space.items():
        value = params.get(name)
        if isinstance(dimension, FloatDimension) and isinstance(value, float):
            moved[name] = dimension.nearest(value)
    return moved


def _adapted(trial: FrozenTrial, number: int, space: Mapping[str, Dimension]) -> FrozenTrial:
    """Return a copy with the number that it has now, in the distributions that hold now.

    Optuna refuses a study in which one name has different choices. What CMA-ES stored is of no use
    in another space: it begins anew there.
    """
    adapted = copy.copy(trial)
    adapted.params = _on_steps(trial.params, space)
    adapted.distributions = {
        name: space[name].distribution() if name in space else distribution
        for name, distribution in trial.distributions.items()
    }
    if adapted.distributions != trial.distributions:
        adapted.system_attrs = {
            key: value
            for key, value in trial.system_attrs.items()
            if not key.startswith(CMAES_PREFIXES)
        }
    record = replace(record_of(trial), number=number)
    adapted.user_attrs = {**trial.user_attrs, RECORD_KEY: record.to_json()}
    return adapted
