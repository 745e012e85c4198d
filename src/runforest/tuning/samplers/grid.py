"""A sampler that visits each point of a grid once.

Optuna's own `GridSampler` ends the study through `study.stop`, which raises outside of
`study.optimize`, and counts on trial numbers that a resumed study does not keep. Which points are
taken is not read from the study: with Hyperband, Optuna shows a sampler the trials of one bracket.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

from optuna.samplers import BaseSampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

Point = tuple[object, ...]


class GridSampler(BaseSampler):
    """Gives each trial the first point, in an order shuffled by the seed, that no trial has had."""

    def __init__(self, values: Mapping[str, Sequence[object]], seed: int) -> None:
        self._names = sorted(values)
        points = list(itertools.product(*(values[name] for name in self._names)))
        random.Random(seed).shuffle(points)  # noqa: S311  No secret depends on the order.
        self._n_points = len(points)
        self._left = iter(points)
        self._skipped: set[Point] = set()
        self._point_of: dict[int, Point] = {}

    def skip(self, earlier: Iterable[Mapping[str, object]]) -> None:
        """Leave out the points of trials that the sampler has not chosen itself."""
        self._skipped |= {tuple(params.get(name) for name in self._names) for params in earlier}

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
        """Return the parameter's value at the trial's point.

        The point is chosen when the first parameter is: a trial that is tried again needs none.
        """
        if param_name not in self._names:
            message = f"the grid has no `{param_name}`. Add it to the search space."
            raise ValueError(message)
        if trial.number not in self._point_of:
            self._point_of[trial.number] = self._next_point()
        return self._point_of[trial.number][self._names.index(param_name)]

    def _next_point(self) -> Point:
        free = (point for point in self._left if point not in self._skipped)
        point = next(free, None)
        if point is None:
            message = f"all {self._n_points} points of the grid are taken. Ask for fewer trials."
            raise ValueError(message)
        return point
