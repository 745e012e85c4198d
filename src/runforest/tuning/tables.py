"""The trials of a study as tables and plain values, for files and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from runforest.tuning.study import StudyResult
    from runforest.tuning.trials import TrialRecord


def study_facts(result: StudyResult, scorer: str) -> dict[str, object]:
    """Return the outcome of a study as plain values."""
    return {
        "scorer": scorer,
        "best_number": result.best_number,
        "best_value": result.best_value,
        "best_std": result.best_std,
        "importances": result.importances,
    }


def trials_table(trials: tuple[TrialRecord, ...]) -> pd.DataFrame:
    """Return a row per trial: number, state, value, std, each fold, each parameter.

    Times are left out, so that equal studies give equal bytes; they stand in the child runs.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            "std": trial.std,
            **{f"fold_{fold}": score for fold, score in enumerate(trial.fold_scores)},
            **{f"params.{name}": value for name, value in trial.params.items()},
            "reason": trial.reason,
        }
        for trial in trials
    )


def best_trials(trials: pd.DataFrame, n: int = 10) -> list[dict[str, object]]:
    """Return the best complete trials as rows of number, score and parameters."""
    complete = trials[trials["state"] == "complete"]
    best = complete.sort_values(["value", "number"], ascending=[False, True]).head(n)
    names = [str(name) for name in best.columns]
    params = {name: name.removeprefix("params.") for name in names if name.startswith("params.")}
    table = best[["number", "value", "std", *params]].rename(columns={"value": "score", **params})
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]
