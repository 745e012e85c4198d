"""Optuna's samplers such that a study that goes on draws what an uninterrupted one would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import optuna.samplers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from runforest.tuning.space.dimensions import Dimension


def trial_seed(seed: int, number: int) -> int:
    """Return the sampler's seed for one trial, an integer below 2**32."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


class QMCSampler(optuna.samplers.QMCSampler):
    """Optuna's own, which counts points in the study and draws at random until a trial succeeds.

    Both would repeat points in a study that goes on: the count lived in memory, and the random
    numbers begin anew.
    """

    def __init__(
        self,
        *,
        space: Mapping[str, Dimension],
        seed: int,
        qmc_type: str = "sobol",
        # Unscrambled, the sequence starts at the lowest value of everything and ignores the seed.
        scramble: bool = True,
    ) -> None:
        super().__init__(
            qmc_type=qmc_type, scramble=scramble, seed=seed, warn_independent_sampling=False
        )
        self._space = {name: dimension.distribution() for name, dimension in space.items()}
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

    def _find_sample_id(self, *_: object, **__: object) -> int:
        return self._number


class NSGAIISampler(optuna.samplers.NSGAIISampler):
    """Optuna's own, with parents sorted by number, since random draws follow their order.

    Optuna returns them by rank when it selects them, which a study that goes on does once more, and
    by number later. The class has Optuna's name, which is part of what trials store.
    """

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Return the parents of a generation, from the bottom up.

        Optuna stores those of earlier generations in the study, which lived in memory. When they
        are gone it would descend to the first one in as many nested calls. Where it has them is
        private, and nothing public returns it.
        """
        stored = study._storage.get_study_system_attrs(study._study_id)  # noqa: SLF001
        prefix = self._get_parent_cache_key_prefix()
        known = (n for n in range(generation - 1, 0, -1) if f"{prefix}{n}" in stored)
        for earlier in range(next(known, 0) + 1, generation):
            self.get_parent_population(study, earlier)
        return sorted(super().select_parent(study, generation), key=lambda trial: trial.number)
