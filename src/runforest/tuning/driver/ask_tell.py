"""The in-memory Optuna study behind the driver: asked for trials, told their ends."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from runforest.tuning.driver.running_trial import UID_ATTRIBUTE
from runforest.tuning.samplers.grid import GridSampler
from runforest.tuning.samplers.seeds import trial_seed
from runforest.tuning.samplers.table import PRUNERS, SAMPLERS
from runforest.tuning.storage.study_file import RECORD_KEY, record_of
from runforest.tuning.study.objectives import direction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from runforest.tuning.storage.resume import EarlierTrials
    from runforest.tuning.study.spec import StudySpec
    from runforest.tuning.study.trial_record import TrialRecord, TrialState

OPTUNA_STATES: dict[TrialState, OptunaState] = {
    "complete": OptunaState.COMPLETE,
    "pruned": OptunaState.PRUNED,
    "failed": OptunaState.FAIL,
}


class AskTell:
    """A study of Optuna that goes on from earlier trials, with the configured sampler and pruner.

    A trial keeps the number that it had when it was first asked: the seed of its sampler follows
    from it, and its bracket of Hyperband.
    """

    def __init__(self, spec: StudySpec, study_name: str, earlier: EarlierTrials) -> None:
        self._spec = spec
        self._sampler_choice, self._pruner_choice = SAMPLERS[spec.sampler], PRUNERS[spec.pruner]
        self.study = optuna.create_study(
            study_name=study_name,
            directions=[direction(objective) for objective in spec.objectives],
            sampler=self._build_sampler(spec.seed),
            pruner=self._pruner_choice.build(spec.n_stages, spec.pruner_options),
        )
        self.n_asked = len(earlier.finished)
        _restore(self.study, earlier)
        self._numbers = _numbers(self.study)
        if isinstance(self.study.sampler, GridSampler):  # Trials that are tried again have theirs.
            used = [trial.params for trial in earlier.finished]
            self.study.sampler.skip([*used, *earlier.unfinished.values()])

    def ask(self) -> optuna.Trial:
        """Return a new trial, first those that were in flight when an earlier driver died.

        Its parameters must be suggested before the next one is asked.
        """
        if self._sampler_choice.is_reseeded:
            seed = trial_seed(self._spec.seed, next(self._numbers))
            self.study.sampler = self._build_sampler(seed)
        self.n_asked += 1
        trial = self.study.ask()
        if self._sampler_choice.is_reseeded and UID_ATTRIBUTE in trial.user_attrs:
            _call_sampler(trial)
        return trial

    def finished(self) -> list[FrozenTrial]:
        """Return the trials that have ended, in the order of finishing."""
        trials = [trial for trial in self.study.get_trials() if RECORD_KEY in trial.user_attrs]
        return sorted(trials, key=lambda trial: record_of(trial).number)

    def tell(self, trial: optuna.Trial, record: TrialRecord) -> FrozenTrial:
        """End a trial as its record says; return Optuna's form of it, the record inside."""
        trial.set_user_attr(RECORD_KEY, record.to_json())
        values = list(record.means) or None
        return self.study.tell(trial, values, state=OPTUNA_STATES[record.state])

    def _build_sampler(self, seed: int) -> BaseSampler:
        # A task that suggests by itself may do so in other ranges than its table has.
        space = {} if self._spec.is_conditional else self._spec.space
        return self._sampler_choice.build(seed, space, self._spec.sampler_options)


def _restore(study: optuna.Study, earlier: EarlierTrials) -> None:
    finished = {record_of(trial).uid: trial for trial in earlier.finished}
    for uid in earlier.order:
        if uid in finished:
            study.add_trial(finished[uid])
        elif uid in earlier.unfinished:
            study.enqueue_trial(dict(earlier.unfinished[uid]), user_attrs={UID_ATTRIBUTE: uid})
        else:  # It does not count, but holds its number.
            study.add_trial(create_trial(state=OptunaState.FAIL))


def _numbers(study: optuna.Study) -> Iterator[int]:
    """Return the numbers of the trials that will be asked: those that wait come first."""
    trials = study.get_trials(deepcopy=False)
    waiting = [trial.number for trial in trials if trial.state is OptunaState.WAITING]
    return itertools.chain(waiting, itertools.count(len(trials)))


def _call_sampler(trial: optuna.Trial) -> None:
    """Let the sampler note in a trial that is tried again what it belongs to.

    Optuna 5 asks the sampler when the first parameter is wanted that is not fixed, and here all
    are: NSGA-II would know no generation of the trial, CMA-ES would lose its state.
    """
    _ = trial.relative_params
