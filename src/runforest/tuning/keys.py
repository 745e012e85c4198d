"""The keys of a tuner's table: what they mean, and the study that they describe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runforest.model.estimator_spec import EstimatorSpec
from runforest.model.metrics import TIMES
from runforest.model.scoring import DEFAULT_SCORERS
from runforest.model.splits import split_spec
from runforest.tuning.samplers.pruners import PRUNERS
from runforest.tuning.samplers.table import SAMPLERS
from runforest.tuning.study.spec import StudySpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.tuning.space.dimensions import Dimension

KEYS = {
    "search_space": "Parameters to try, a table each: type, low, high, log, step, or choices. "
    "When absent, those of a published study of the estimator.",
    "n_trials": "Number of trials in all.",
    "timeout_s": "Seconds after which no further trial starts; 0 for no limit.",
    "n_folds": "Folds of the cross-validation.",
    "scoring": "Name of a score (rmse, mae, logloss, auc...), of a scorer of scikit-learn, or the "
    "import path of one of your own; or several: then the trials that no other one beats "
    "are shown, and the best is that of the first. Further ones may be "
    f"{' and '.join(TIMES)}, in seconds. When empty, accuracy for classes and r2 for numbers.",
    "seed": "Seed of the sampler and of the folds.",
    "sampler": f"How parameters are chosen: {', '.join(SAMPLERS)}; or the import path of a sampler "
    "of Optuna.",
    "sampler_options": "Options of the sampler, as Optuna names them.",
    "pruner": f"How hopeless trials are ended: {', '.join(PRUNERS)}.",
    "pruner_options": "Options of the pruner, as Optuna names them.",
    "prune_by": "When the pruner decides: after each fold, or after each step of the training of "
    "all folds, for estimators that are trained in iterations.",
    "n_steps": "Equal parts of the iterations, with prune_by = iterations.",
    "executor": "Where trials are computed.",
    "n_jobs": "Trials at a time, and workers that are started here; more than 1 needs an executor "
    "other than serial.",
    "address": "Scheduler of a running Dask cluster, such as tcp://host:8786, for executor = dask; "
    "when empty, one is started on this machine.",
}

_AS_THEY_ARE = (
    *("target", "id", "columns", "n_trials", "seed", "sampler", "sampler_options"),
    *("pruner", "pruner_options", "prune_by", "n_steps"),
)


def study_of(
    tuner: Any,  # noqa: ANN401 - a task with these keys, its parameters
    *,
    space: Mapping[str, Dimension],
    is_conditional: bool,
) -> StudySpec:
    """Return the study that the keys of a tuner describe."""
    return StudySpec(
        estimator=EstimatorSpec(
            path=tuner.estimator,
            params=dict(tuner.params),
            seed=tuner.seed,
            kind=tuner.kind,
            target_transform=tuner.target_transform,
            early_stopping_rounds=tuner.early_stopping_rounds,
            features=tuner.features,
        ),
        objectives=tuner.scoring or (DEFAULT_SCORERS[tuner.kind],),
        timeout_s=tuner.timeout_s or None,
        splits=split_spec(tuner.splits, kind=tuner.kind, n_folds=tuner.n_folds, seed=tuner.seed),
        space=space,
        is_conditional=is_conditional,
        **{name: getattr(tuner, name) for name in _AS_THEY_ARE},
    )
