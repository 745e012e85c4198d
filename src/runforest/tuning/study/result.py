"""From finished trials to the answer of a study."""

from __future__ import annotations

import operator
import random
from collections import Counter
from typing import TYPE_CHECKING

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from runforest.foundation.errors import StudyError
from runforest.model.metrics import direction
from runforest.tuning.study.spec import StudyResult
from runforest.tuning.study.trial_record import RECORD_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optuna.trial import FrozenTrial

    from runforest.tuning.study.spec import StudySpec
    from runforest.tuning.study.trial_record import TrialRecord


MAX_SAMPLE = 200
N_TREES = 16
"""As in the authors' own program. From seed to seed a share varies by some hundredths, with 200
trials up to twice as much as with the 64 of Optuna, which take almost four times as long."""


def study_result(
    records: Sequence[TrialRecord], study: optuna.Study, spec: StudySpec
) -> StudyResult:
    """Return the best trial and what mattered; StudyError if no trial is complete."""
    complete = [record for record in records if record.value is not None]
    if not complete:
        raise StudyError(_no_result_message(records))
    signs = [1 if direction(name) == "maximize" else -1 for name in spec.objectives]

    def rank(record: TrialRecord) -> tuple[float, ...]:
        return (*map(operator.mul, signs, record.means), -record.number)

    return StudyResult(
        best=max(complete, key=rank),
        trials=tuple(records),
        front=tuple(sorted(one.user_attrs[RECORD_KEY]["number"] for one in study.best_trials)),
        importances=param_importances(study, spec.seed),
    )


def param_importances(study: optuna.Study, seed: int) -> dict[str, float]:
    """Return the share of each parameter in the variance of the first objective.

    Empty when it cannot be computed. Of many trials a sample counts, since the forest behind it
    takes longer than in proportion: Hutter, Hoos and Leyton-Brown (2014), "An Efficient Approach
    for Assessing Hyperparameter Importance". Their program: https://github.com/automl/fanova
    """
    complete = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    if len({trial.values[0] for trial in complete}) < 2:  # noqa: PLR2004
        return {}
    try:
        shares = get_param_importances(
            _sample(study, complete, seed),
            evaluator=FanovaImportanceEvaluator(n_trees=N_TREES, seed=seed),
            target=None if len(study.directions) == 1 else lambda trial: trial.values[0],
        )
    except (RuntimeError, ValueError):  # Too few distinct trials for the forest behind it.
        return {}
    return {name: float(share) for name, share in shares.items()}


def _sample(study: optuna.Study, complete: list[FrozenTrial], seed: int) -> optuna.Study:
    """Return a study of at most `MAX_SAMPLE` of the trials, drawn at random."""
    if len(complete) <= MAX_SAMPLE:
        return study
    sample = optuna.create_study(directions=study.directions)
    sample.add_trials(random.Random(seed).sample(complete, MAX_SAMPLE))  # noqa: S311 - no secret
    return sample


def _no_result_message(records: Sequence[TrialRecord]) -> str:
    if not records:
        return "no trial was started. Raise n_trials or timeout_s."
    reasons = Counter(record.reason for record in records if record.reason)
    if not reasons:
        remedy = "Lower bootstrap_count of the pruner, or raise n_trials."
        return f"all {len(records)} trials were pruned. {remedy}"
    reason, count = reasons.most_common(1)[0]
    return (
        f"none of {len(records)} trials is complete; {count} of them failed with "
        f"{reason.rstrip().removesuffix('.')}. Correct the estimator, its parameters, the search "
        "space or the scorer. Trials that failed count as finished: to try the same ones again, "
        "run with --force and the name of this task."
    )
