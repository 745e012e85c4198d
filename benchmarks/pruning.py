"""What pruning is worth: the best score for the same number of folds, with it and without."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.charts import LineChart
from benchmarks.machine import installed_versions
from benchmarks.pruning_study import DATA_SETS, N_FOLDS, Progress, search
from benchmarks.report import Section
from runforest.executors import open_executor

if TYPE_CHECKING:
    from concurrent.futures import Future

PRUNERS = ("none", "median", "wilcoxon", "hyperband")
BUDGET = 200  # Folds, so 40 trials without a pruner.
SEEDS_PER_ROUND = 2
TEXT = f"""\
A study of the tuner, TPE, may fit {BUDGET} models: {BUDGET // N_FOLDS} trials of {N_FOLDS} folds
without a pruner, more of them with one, which ends a hopeless trial after some folds. *best score*
is that of the best complete trial within the budget, the median of the seeds; *ratio* is it as a
multiple of the one without a pruner, and *better, equal, worse* counts seeds against the same seed
without. `n_startup_trials` and all else are the defaults. Everything runs untracked; the scores do
not depend on the machine."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """All seeds of a pruner on a data set."""

    data_set: str
    pruner: str
    progress: list[Progress]

    @property
    def best(self) -> float:
        """Median of the best scores."""
        return median(each.best for each in self.progress)


def run(rounds: int) -> Section:
    """Search with all pruners and seeds, two searches at a time."""
    seeds = range(SEEDS_PER_ROUND * rounds)
    arms = [
        Arm(data_set=data_set, pruner=pruner, progress=progress)
        for (data_set, pruner), progress in _searches(seeds).items()
    ]
    return Section(
        title="Pruning",
        text=TEXT,
        columns=(
            "",
            "best score",
            "ratio",
            "better, equal, worse",
            "trials",
            "complete",
        ),
        rows=tuple(_row(arm, _without(arm, arms)) for arm in arms),
        remarks=(
            *(f"{name}: {data_set.description}" for name, data_set in DATA_SETS.items()),
            f"{len(seeds)} seeds.",
        ),
        versions=installed_versions(("optuna", "scikit-learn")),
        chart=LineChart(
            x_label="folds fitted",
            y_label="best score so far (1: in the end, unpruned)",
            lines={
                f"{arm.data_set}, {arm.pruner}": _curve(arm, _without(arm, arms)) for arm in arms
            },
        ),
    )


def _searches(seeds: range) -> dict[tuple[str, str], list[Progress]]:
    waiting: dict[tuple[str, str], list[Future[Progress]]] = {}
    with open_executor("processes", 2) as executor:
        for seed in seeds:
            for data_set in DATA_SETS:
                for pruner in PRUNERS:
                    future = executor.submit(search, data_set, pruner, seed, BUDGET)
                    waiting.setdefault((data_set, pruner), []).append(future)
        found = {}
        for key, futures in waiting.items():
            sys.stderr.write(f"{', '.join(key)}\n")
            found[key] = [future.result() for future in futures]
    return found


def _without(arm: Arm, arms: list[Arm]) -> Arm:
    return next(one for one in arms if (one.data_set, one.pruner) == (arm.data_set, "none"))


def _row(arm: Arm, base: Arm) -> tuple[str, ...]:
    pairs = [(one.best, two.best) for one, two in zip(arm.progress, base.progress, strict=True)]
    counts = (
        sum(one > two for one, two in pairs),
        sum(one == two for one, two in pairs),
        sum(one < two for one, two in pairs),
    )
    return (
        f"{arm.data_set}, {arm.pruner}",
        f"{arm.best:.4f}",
        f"{arm.best / base.best:.4f}",
        ", ".join(map(str, counts)),
        f"{median(each.n_trials for each in arm.progress):.0f}",
        f"{median(each.n_complete for each in arm.progress):.0f}",
    )


def _curve(arm: Arm, base: Arm) -> tuple[list[float], list[float]]:
    """Return the median best score after each fold from which on every seed has one."""
    first = max(each.first_complete for each in arm.progress)
    folds = range(first, BUDGET + 1)
    values = [median(each.best_after(fold) for each in arm.progress) / base.best for fold in folds]
    return list(folds), values
