"""A quasi-random sequence, of which each trial has the point of its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna.samplers

from runforest.tuning.samplers.seeds import trial_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial


class QMCSampler(optuna.samplers.QMCSampler):
    """Optuna's own, which counts points in the study and draws at random until a trial succeeds.

    Both would repeat points in a study that goes on: the count lived in memory, and the random
    numbers begin anew.
    """

    def __init__(
        self,
        *,
        space: Mapping[str, BaseDistribution],
        seed: int,
        qmc_type: str = "sobol",
        # Unscrambled, the sequence starts at the lowest value of everything and ignores the seed.
        scramble: bool = True,
    ) -> None:
        super().__init__(
            qmc_type=qmc_type, scramble=scramble, seed=seed, warn_independent_sampling=False
        )
        self._space = dict(space)
        self._number = 0

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:  # noqa: ARG002
        """Note which point is due, and seed what the sequence does not have."""
        self._number = trial.number
        seed = trial_seed(self._seed, trial.number)
        self._independent_sampler = optuna.samplers.RandomSampler(seed=seed)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the configured space, or that of the first successful trial if none is known."""
        return self._space or super().infer_relative_search_space(study, trial)

    def _find_sample_id(
        self,
        study: Study,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> int:
        return self._number
