"""The trials of a study as tables and plain values, for files and reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runforest.model.boosting.folds import with_rounds
from runforest.model.metrics import direction, short_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from runforest.tuning.study.spec import StudyResult, StudySpec
    from runforest.tuning.study.trial_record import TrialRecord


def study_facts(result: StudyResult, objectives: Sequence[str]) -> dict[str, object]:
    """Return the outcome of a study as plain values."""
    return {
        "objectives": {short_name(name): direction(name) for name in objectives},
        "best_number": result.best.number,
        "best_value": result.best.value,
        "best_std": result.best.std,
        "pareto_front": list(result.front),
        "importances": result.importances,
    }


def best_params(study: StudySpec, best: TrialRecord) -> dict[str, object]:
    """Return the parameters of a trial, with its number of rounds where it was stopped early."""
    if best.n_rounds is None:
        return best.params
    params = {**study.estimator.params, **best.params}
    return best.params | with_rounds(replace(study.estimator, params=params), best.n_rounds)


def trials_table(trials: Sequence[TrialRecord], front: Sequence[int] = ()) -> pd.DataFrame:
    """Return a row per trial: number, state, value, std, each fold, each parameter.

    Further objectives have a column each with their mean, and then one column says whether a
    trial belongs to the Pareto front. A parameter whose values are of several types, such as "sqrt"
    and 0.5, is a column of text, since parquet has one type a column. When trials started and how
    long they took is left out, so that equal studies give equal bytes; it stands in the child runs.
    """
    import pandas as pd

    on_front = frozenset(front)
    table = pd.DataFrame(
        {
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            "std": trial.std,
            **({"n_rounds": trial.n_rounds} if trial.n_rounds is not None else {}),
            **dict(zip(trial.further, trial.means[1:], strict=False)),
            **({"is_on_front": trial.number in on_front} if trial.further else {}),
            **{f"fold_{fold}": score for fold, score in enumerate(trial.fold_scores)},
            **{f"{_PARAM}{name}": value for name, value in trial.params.items()},
            "reason": trial.reason,
        }
        for trial in trials
    )
    params = [str(name) for name in table if str(name).startswith(_PARAM)]
    mixed = [name for name in params if _is_mixed(table[name])]
    return table.assign(**{name: table[name].map(str, na_action="ignore") for name in mixed})


def best_trials(
    trials: pd.DataFrame, objectives: Mapping[str, str], n: int = 10
) -> list[dict[str, object]]:
    """Return the best complete trials as rows of number, score and parameters.

    `objectives` has the names of the scores, and what of each is better, as `study_facts` says.
    With several objectives, the trials of the Pareto front come before all others.
    """
    complete = trials[trials["state"] == "complete"]
    first = next(iter(objectives))
    by, ascending = ["value", "number"], [objectives[first] == "minimize", True]
    if "is_on_front" in complete:
        by, ascending = ["is_on_front", *by], [False, *ascending]
    best = complete.sort_values(by, ascending=ascending).head(n)
    names = [str(name) for name in best.columns]
    params = {name: name.removeprefix(_PARAM) for name in names if name.startswith(_PARAM)}
    further = [name for name in names if name not in _OWN and not name.startswith(_NOT_SHOWN)]
    table = best[["number", "value", "std", *further, *params]]
    table = table.rename(columns={"value": first, **params})
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _is_mixed(column: pd.Series) -> bool:
    """Return whether values are of several types; integers and other numbers are of one."""
    types = {type(value) for value in column.dropna()}
    return len({float if each is int else each for each in types}) > 1


_PARAM = "params."
_OWN = ("number", "state", "value", "std", "reason", "is_on_front")
_NOT_SHOWN = ("fold_", _PARAM)
