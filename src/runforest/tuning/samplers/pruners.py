"""The table of pruners, and whether one can do its work: options that Optuna looks at late.

A pruner decides after each fold, or each step of the training, but the last: a trial of n of them
can end after 1 to n - 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runforest.tuning.samplers.options import OptunaClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.tuning.study.spec import StudySpec

LEAST = {
    "min_resource": 1,
    "reduction_factor": 2,
    "min_early_stopping_rate": 0,
    "bootstrap_count": 0,
    "n_startup_steps": 0,
}
"""Options that are whole numbers -> the least that they may be."""

MAX_RATE = 10
"""Any greater rate is beyond the 1,000 folds or steps that there can be."""


@dataclass(frozen=True, kw_only=True)
class PrunerChoice(OptunaClass):
    """How to build a pruner for so many folds or steps, its `max_resource`.

    `compares_folds`: it compares the scores of single folds, instead of running means.
    """

    compares_folds: bool = False


def pruner_problems(name: str, options: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return what is wrong with a pruner, by `pruner` or `pruner_options.<name>`.

    >>> pruner_problems("hyperband", {"reduction_factor": 1})
    {'pruner_options.reduction_factor': 'must be a whole number of at least 2, got 1.'}
    """
    if name not in PRUNERS:
        return {"pruner": f"unknown pruner {name!r}. Choose one of: {', '.join(PRUNERS)}."}
    options = options or {}
    no_counts = {
        f"pruner_options.{key}": f"must be a whole number of at least {LEAST[key]}, got {value!r}."
        for key, value in options.items()
        if key in LEAST
        and (type(value) is not int or value < LEAST[key])
        and (name, key, value) != ("successive_halving", "min_resource", "auto")
    }
    return no_counts or PRUNERS[name].problems(name, "pruner", options, max_resource=2)


def idle_pruner_problems(study: StudySpec) -> dict[str, str]:
    """Return why the pruner of a study, whose options are sound, would never end a trial.

    Successive halving and Hyperband decide first after r * f ** s folds or steps: Li et al. (2020),
    "A System for Massively Parallel Hyperparameter Tuning". The least p of m differences is
    2 ** -m: Wilcoxon (1945), "Individual Comparisons by Ranking Methods".
    """
    options: dict[str, Any] = {**_DEFAULTS, **study.pruner_options}
    first: float = 1
    if study.pruner in {"successive_halving", "hyperband"}:
        # "auto" is a hundredth of the steps, of which there are not many.
        resource = options["min_resource"]
        resource = max(study.n_stages // 100, 1) if resource == "auto" else resource
        rate = min(options["min_early_stopping_rate"], MAX_RATE)
        first = resource * options["reduction_factor"] ** rate
    elif study.pruner == "wilcoxon":
        p = options["p_threshold"]
        significant = math.floor(-math.log2(p)) + 1 if p > 0 else math.inf
        first = max(2, options["n_startup_steps"], significant)
    is_open = not study.n_stages  # as many folds as the rows make
    if study.pruner == "none" or is_open or first < study.n_stages:
        return {}
    count = "n_steps" if study.prune_by == "iterations" else "n_folds"
    more = f"raise {count}"
    if count == "n_folds" and study.n_folds != study.splits.n_folds:
        more = f"{more} where cv takes it, or set [Dataset] cv to a splitter of more folds"
    return {
        "pruner": f"{study.pruner} never ends a trial with these pruner_options: it decides after "
        f"{first} {count.removeprefix('n_')} for the first time, which must be fewer than {count} "
        f"= {study.n_stages}. Change its options, or {more}."
    }


def growing_steps(study: StudySpec) -> list[int]:
    """Return the steps at which a pruner decides that grow in proportion, and the last step.

    For successive halving and Hyperband these are the only ones at which they decide, r * f ** k;
    for others they double.
    """
    n_steps = study.n_steps
    if study.pruner == "none":
        return [n_steps]
    first, factor = 1, 2
    if study.pruner in {"successive_halving", "hyperband"}:
        factor = 3 if study.pruner == "hyperband" else 4
        factor = int(str(study.pruner_options.get("reduction_factor", factor)))
        resource = study.pruner_options.get("min_resource", 1)
        first = max(n_steps // 100, 1) if resource == "auto" else int(str(resource))
    steps = [first * factor**k for k in range(n_steps) if first * factor**k < n_steps]
    return [*steps, n_steps]


_DEFAULTS = {
    "min_resource": 1,
    "reduction_factor": 4,
    "min_early_stopping_rate": 0,
    "p_threshold": 0.1,
    "n_startup_steps": 2,
}

PRUNERS: dict[str, PrunerChoice] = {
    "none": PrunerChoice(path="optuna.pruners.NopPruner"),
    "median": PrunerChoice(path="optuna.pruners.MedianPruner"),
    "percentile": PrunerChoice(
        path="optuna.pruners.PercentilePruner", defaults={"percentile": 25.0}
    ),
    "successive_halving": PrunerChoice(
        path="optuna.pruners.SuccessiveHalvingPruner", defaults={"min_resource": 1}
    ),
    # Its `max_resource` is a number: "auto" is guessed from the first trial, and lost by a study
    # that goes on.
    "hyperband": PrunerChoice(path="optuna.pruners.HyperbandPruner"),
    "wilcoxon": PrunerChoice(path="optuna.pruners.WilcoxonPruner", compares_folds=True),
}
"""A step of a pruner is a fold, counted from 1."""
