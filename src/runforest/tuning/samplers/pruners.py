"""The table of pruners, and whether one can do its work: options that Optuna looks at late.

A pruner decides after each fold, or each step of the training, but the last: a trial of n of them
can end after 1 to n - 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from runforest.tuning.samplers.options import OptunaClass

if TYPE_CHECKING:
    from runforest.tuning.study.spec import StudySpec

Options = Mapping[str, object]

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

MIN_DIFFERENCES = 2


@dataclass(frozen=True, kw_only=True)
class PrunerChoice(OptunaClass):
    """How to build a pruner for so many folds or steps, its `max_resource`.

    `compares_folds`: it compares the scores of single folds, instead of running means.
    """

    compares_folds: bool = False


def pruner_problems(name: str, options: Options | None = None) -> dict[str, str]:
    """Return what is wrong with a pruner, by `pruner` or `pruner_options.<name>`."""
    if name not in PRUNERS:
        return {"pruner": f"unknown pruner {name!r}. Choose one of: {', '.join(PRUNERS)}."}
    return _count_problems(name, options or {}) or PRUNERS[name].problems(
        name, "pruner", options or {}, max_resource=2
    )


def _count_problems(name: str, options: Options) -> dict[str, str]:
    """Return which options of a pruner are no such numbers.

    >>> _count_problems("hyperband", {"reduction_factor": 1})
    {'pruner_options.reduction_factor': 'must be a whole number of at least 2, got 1.'}
    """
    return {
        f"pruner_options.{key}": f"must be a whole number of at least {LEAST[key]}, got {value!r}."
        for key, value in options.items()
        if key in LEAST
        and (type(value) is not int or value < LEAST[key])
        and (name, key, value) != ("successive_halving", "min_resource", "auto")
    }


def idle_pruner_problems(study: StudySpec) -> dict[str, str]:
    """Return why the pruner of a study, whose options are sound, would never end a trial."""
    check = _CHECKS.get(study.pruner)
    message = check(study) if check else None
    return {"pruner": message} if message else {}


def _halving_problem(study: StudySpec) -> str | None:
    """Return why no trial gets as far as the first decision of successive halving or Hyperband.

    It comes after r * f ** s folds or steps: Li et al. (2020), "A System for Massively Parallel
    Hyperparameter Tuning".
    """
    options = {**_HALVING_DEFAULTS, **study.pruner_options}
    if options["min_resource"] == "auto":  # A hundredth of the steps, of which there are not many.
        options["min_resource"] = max(study.n_stages // 100, 1)
    resource, factor, rate = (cast("int", options[key]) for key in _HALVING_DEFAULTS)
    if resource * factor ** min(rate, MAX_RATE) < study.n_stages:
        return None
    what, got = "min_resource", f"{resource}"
    if rate:
        what = "min_resource * reduction_factor ** min_early_stopping_rate"
        got = f"{resource} * {factor} ** {rate}"
    count = "n_steps" if study.prune_by == "iterations" else "n_folds"
    return (
        f"{study.pruner} never ends a trial: it decides after {what} {count.removeprefix('n_')} "
        f"for the first time, which must be fewer than {count} = {study.n_stages}, got {got}. "
        f"Lower that, or raise {count}."
    )


def _wilcoxon_problem(study: StudySpec) -> str | None:
    """Return why no number of folds but all of them makes a difference significant.

    The least p of m differences is 2 ** -m: Wilcoxon (1945), "Individual Comparisons by Ranking
    Methods".
    """
    threshold = cast("float", study.pruner_options.get("p_threshold", 0.1))
    n_startup = cast("int", study.pruner_options.get("n_startup_steps", MIN_DIFFERENCES))
    if threshold == 0:
        return "wilcoxon never ends a trial with p_threshold = 0. Raise it, such as to 0.1."
    n_least = max(MIN_DIFFERENCES, n_startup)
    n_decisions = study.n_folds - 1
    if n_decisions >= n_least and 0.5**n_decisions < threshold:
        return None
    n_needed = n_least
    while 0.5**n_needed >= threshold:
        n_needed += 1
    lower = f", or p_threshold above {0.5**n_decisions:g}" if n_decisions >= n_least else ""
    return (
        f"wilcoxon never ends a trial of {study.n_folds} folds with p_threshold = {threshold:g}: "
        f"it decides after {n_decisions} of them at most, whose p is at least "
        f"{0.5**n_decisions:g}. "
        f"Set n_folds = {n_needed + 1} or more{lower}."
    )


_HALVING_DEFAULTS: Options = {
    "min_resource": 1,
    "reduction_factor": 4,
    "min_early_stopping_rate": 0,
}
_CHECKS: dict[str, Callable[[StudySpec], str | None]] = {
    "successive_halving": _halving_problem,
    "hyperband": _halving_problem,
    "wilcoxon": _wilcoxon_problem,
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
