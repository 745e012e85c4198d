"""Optuna's ask-and-tell interface: the in-memory study behind the driver."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from runforest.model.metrics import direction
from runforest.tuning.driver.running_trial import UID_ATTRIBUTE
from runforest.tuning.samplers.pruners import PRUNERS
from runforest.tuning.samplers.resumable import trial_seed
from runforest.tuning.samplers.table import sampler_choice
from runforest.tuning.space.table import grid_points
from runforest.tuning.storage.study_file import STUDY_NAME, record_of
from runforest.tuning.study.trial_record import RECORD_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    A trial keeps the number that it had when it was first started: the seed of its sampler follows
    from it, and its bracket of Hyperband.
    """

    def __init__(self, spec: StudySpec, earlier: EarlierTrials) -> None:
        self._spec = spec
        self._sampler_choice = sampler_choice(spec.sampler)
        self.study = optuna.create_study(
            study_name=STUDY_NAME,
            directions=[direction(objective) for objective in spec.objectives],
            sampler=self._build_sampler(spec.seed),
            pruner=PRUNERS[spec.pruner].build(spec.pruner_options, max_resource=spec.n_stages),
        )
        self.n_started = len(earlier.finished)
        _restore(self.study, earlier)
        trials = self.study.get_trials(deepcopy=False)
        self._waiting = [one.number for one in trials if one.state is OptunaState.WAITING]
        self._numbers = itertools.count(len(trials))
        self._points = _points_left(spec, earlier)

    def ask(self) -> optuna.Trial:
        """Return a new trial, first those that were running when an earlier driver died.

        Its parameters must be suggested before the next call.
        """
        is_again = bool(self._waiting)
        number = self._waiting.pop(0) if is_again else next(self._numbers)
        if self._sampler_choice.is_reseeded:
            self.study.sampler = self._build_sampler(trial_seed(self._spec.seed, number))
        point = None if is_again else next(self._points, None)
        if point is not None:
            self.study.enqueue_trial(point)
        self.n_started += 1
        trial = self.study.ask()
        if self._sampler_choice.is_reseeded and is_again:
            # Optuna 5 calls the sampler when the first parameter is wanted that is not fixed, and
            # here all are: NSGA-II would know no generation of the trial, CMA-ES lose its state.
            _ = trial.relative_params
        return trial

    def tell(self, trial: optuna.Trial, record: TrialRecord) -> FrozenTrial:
        """End a trial as its record says; return Optuna's form of it, the record inside."""
        trial.set_user_attr(RECORD_KEY, record.to_json())
        values = list(record.means) or None
        return self.study.tell(trial, values, state=OPTUNA_STATES[record.state])

    def _build_sampler(self, seed: int) -> Any:  # noqa: ANN401 - Optuna's BaseSampler
        # A task that suggests by itself may do so in other ranges than its table has.
        space = {} if self._spec.is_conditional else self._spec.space
        return self._sampler_choice.build(self._spec.sampler_options, seed=seed, space=space)


def _restore(study: optuna.Study, earlier: EarlierTrials) -> None:
    finished = {record_of(trial).uid: trial for trial in earlier.finished}
    for uid in earlier.order:
        if uid in finished:
            study.add_trial(finished[uid])
        elif uid in earlier.unfinished:
            study.enqueue_trial(dict(earlier.unfinished[uid]), user_attrs={UID_ATTRIBUTE: uid})
        else:  # It does not count, but holds its number.
            study.add_trial(create_trial(state=OptunaState.FAIL))


def _points_left(spec: StudySpec, earlier: EarlierTrials) -> Iterator[dict[str, object]]:
    """Return the points of a grid that no trial has; none for other samplers.

    Optuna's own `GridSampler` ends the study through `study.stop`, which raises outside of
    `study.optimize`, and counts on trial numbers that a resumed study does not keep.
    """
    if spec.sampler != "grid":
        return iter(())
    taken = [trial.params for trial in earlier.finished]
    return grid_points(spec.space, spec.seed, [*taken, *earlier.unfinished.values()])
