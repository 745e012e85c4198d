"""A sampler that visits each point of a grid once.

Optuna's own `GridSampler` ends the study through `study.stop`, which raises outside of
`study.optimize`, and counts on trial numbers that a resumed study does not keep.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from optuna.samplers import BaseSampler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

Point = dict[str, object]


class GridSampler(BaseSampler):
    """Gives each trial the first point, in an order shuffled by the seed, that no trial has had."""

    def __init__(self, values: Mapping[str, Sequence[object]], seed: int) -> None:
        names = sorted(values)
        points = itertools.product(*(values[name] for name in names))
        self._points: list[Point] = [dict(zip(names, point, strict=True)) for point in points]
        random.Random(seed).shuffle(self._points)  # noqa: S311  No secret depends on the order.
        self._point_of: dict[int, Point] = {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Choose the trial's point."""
        visited = [other.params for other in study.get_trials(deepcopy=False) if other.params]
        free = (point for point in self._points if point not in visited)
        point = next(free, None)
        if point is None:
            message = f"all {len(self._points)} points of the grid are taken. Ask for fewer trials."
            raise ValueError(message)
        self._point_of[trial.number] = point

    def infer_relative_search_space(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
    ) -> dict[str, BaseDistribution]:
        """Return no space: every parameter is sampled on its own."""
        return {}

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, object]:
        """Return nothing: every parameter is sampled on its own."""
        return {}

    def sample_independent(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,  # noqa: ARG002
    ) -> object:
        """Return the parameter's value at the trial's point."""
        point = self._point_of[trial.number]
        if param_name not in point:
            message = f"the grid has no `{param_name}`. Add it to the search space."
            raise ValueError(message)
        return point[param_name]
