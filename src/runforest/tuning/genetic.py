"""NSGA-II, whose parents have one order however often a study goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import optuna.samplers

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial


class NSGAIISampler(optuna.samplers.NSGAIISampler):
    """Optuna's own, with parents sorted by number.

    Optuna returns them by rank when it selects them, and by number when it reads them from the
    study later; a study that goes on in the middle of a generation selects them once more. Random
    draws follow the order. The class keeps Optuna's name, which is part of what trials store.
    """

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """Return the parents of a generation."""
        parents = super().select_parent(study, generation)
        return sorted(parents, key=lambda trial: trial.number)
