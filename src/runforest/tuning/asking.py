"""The in-memory Optuna study behind the driver: asked for trials, told their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.trial import TrialState as OptunaState

from runforest.tuning.flight import UID_ATTRIBUTE
from runforest.tuning.journal import RECORD_KEY
from runforest.tuning.objectives import direction
from runforest.tuning.samplers import PRUNERS, SAMPLERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from runforest.tuning.study import StudySpec
    from runforest.tuning.trials import TrialRecord, TrialState

OPTUNA_STATES: dict[TrialState, OptunaState] = {
    "complete": OptunaState.COMPLETE,
    "pruned": OptunaState.PRUNED,
    "failed": OptunaState.FAIL,
}


class AskTell:
    """A study of Optuna, restored from finished trials, with the configured sampler and pruner."""

    def __init__(self, spec: StudySpec, study_name: str, finished: Sequence[FrozenTrial]) -> None:
        self._spec = spec
        self._sampler_choice, self._pruner_choice = SAMPLERS[spec.sampler], PRUNERS[spec.pruner]
        n_steps = spec.n_steps if spec.prune_by == "iterations" else spec.n_folds
        self.study = optuna.create_study(
            study_name=study_name,
            directions=[direction(objective) for objective in spec.objectives],
            sampler=self._build_sampler(spec.seed),
            pruner=self._pruner_choice.build(n_steps, spec.pruner_options),
        )
        self.study.add_trials(finished)
        self.n_asked = len(finished)
        if not self._sampler_choice.is_reseeded:
            _skip_used_points(self.study, finished)

    def try_again(self, asked: Mapping[str, Mapping[str, object]]) -> None:
        """Ask first for the trials that were in flight when an earlier driver died, by their uid.

        A sampler that follows a sequence comes to their points by itself.
        """
        if self._sampler_choice.is_reseeded:
            for uid, params in asked.items():
                self.study.enqueue_trial(dict(params), user_attrs={UID_ATTRIBUTE: uid})

    def ask(self) -> optuna.Trial:
        """Return a new trial; its parameters must be suggested before the next one is asked."""
        if self._sampler_choice.is_reseeded:
            self.study.sampler = self._build_sampler(trial_seed(self._spec.seed, self.n_asked))
        self.n_asked += 1
        return self.study.ask()

    def tell(self, trial: optuna.Trial, record: TrialRecord) -> FrozenTrial:
        """End a trial as its record says; return Optuna's form of it, the record inside."""
        trial.set_user_attr(RECORD_KEY, record.to_json())
        values = list(record.means) or None
        return self.study.tell(trial, values, state=OPTUNA_STATES[record.state])

    def _build_sampler(self, seed: int) -> BaseSampler:
        return self._sampler_choice.build(seed, self._spec.space, self._spec.sampler_options)


def trial_seed(seed: int, number: int) -> int:
    """Return the sampler's seed for one trial, an integer below 2**32."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _skip_used_points(study: optuna.Study, finished: Sequence[FrozenTrial]) -> None:
    """Draw the points of a sequence that earlier trials had, and drop them.

    Optuna counts the points of a quasi-random sequence in the study, which lived in memory. Its
    first successful trial, and those before, are drawn at random instead.
    """
    is_success = [trial.state is not OptunaState.FAIL for trial in finished]
    if True not in is_success:
        return
    first = is_success.index(True)
    for trial in finished[first + 1 :]:
        study.sampler.sample_relative(study, trial, finished[first].distributions)
