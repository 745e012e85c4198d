"""NSGA-II, whose parents have one order however often a study goes on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import optuna.samplers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.study import Study
    from optuna.trial import FrozenTrial


class NSGAIISampler(optuna.samplers.NSGAIISampler):
    """Optuna's own, with parents sorted by number.

    Optuna returns them by rank when it selects them, and by number when it reads them from the
    study later; a study that goes on in the middle of a generation selects them once more. Random
    draws follow the order. The class keeps Optuna's name, which is part of what trials store.
    """

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Return the parents of a generation, from the bottom up.

        Optuna keeps those of earlier generations in the study, which lived in memory. When they
        are gone it would descend to the first one in as many nested calls.
        """
        for earlier in reversed(list(self._forgotten(study, generation - 1))):
            self.get_parent_population(study, earlier)
        parents = super().select_parent(study, generation)
        return sorted(parents, key=lambda trial: trial.number)

    def _forgotten(self, study: Study, newest: int) -> Iterator[int]:
        """Return the generations, newest first, down to one whose parents the study holds.

        Where Optuna keeps them is private, and nothing public tells it.
        """
        kept = study._storage.get_study_system_attrs(study._study_id)  # noqa: SLF001
        prefix = self._get_parent_cache_key_prefix()
        return itertools.takewhile(
            lambda number: f"{prefix}{number}" not in kept, range(newest, 0, -1)
        )
