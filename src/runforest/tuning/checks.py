"""What is wrong with a study before it starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runforest.checks.boosting import boosting_problem, early_stopping_problem
from runforest.checks.models import (
    estimator_problems,
    param_name_problems,
)
from runforest.checks.scores import scorer_problem
from runforest.model.boosting.folds import is_booster
from runforest.model.metrics import TIMES
from runforest.model.stepwise.steps import stepping_problem
from runforest.tuning.samplers.pruners import PRUNERS, idle_pruner_problems, pruner_problems
from runforest.tuning.samplers.table import SAMPLERS, sampler_problems
from runforest.tuning.space.dimensions import CategoricalDimension
from runforest.tuning.space.table import parse_space, space_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.run.active import DatasetFacts
    from runforest.tuning.study.spec import StudySpec


def study_problems(
    study: StudySpec, table: Mapping[str, object] | None, facts: DatasetFacts
) -> dict[str, str]:
    """Return what is wrong with a study but for its space, by the key of its task's table.

    `table` is the search space as it is configured; None for a task that suggests by itself.
    """
    return {
        **_space_problems(study, table),
        **(pruner_problems(study.pruner, study.pruner_options) or idle_pruner_problems(study)),
        **_objective_problems(study, facts),
        **_early_stopping_problems(study, table),
        **_prune_by_problems(study, table),
        **_timeout_problems(study.timeout_s),
    }


def search_space_problems(table: Mapping[str, object], spec: EstimatorSpec) -> dict[str, str]:
    """Return what is wrong with a search space, by `search_space.<name>.<key>`.

    The names are checked only if the estimator itself is sound, so that a misspelt estimator is
    reported once and not for every parameter.
    """
    problems = dict(space_problems(table))
    if not estimator_problems(spec):
        problems |= param_name_problems(spec, table)
    return {f"search_space.{key}".strip("."): message for key, message in problems.items()}


def _space_problems(study: StudySpec, table: Mapping[str, object] | None) -> dict[str, str]:
    """Return what is wrong with the search space, or else with the sampler for it."""
    found = {} if table is None else search_space_problems(table, study.estimator)
    if found:
        return found
    space = None if table is None else parse_space(table)
    return sampler_problems(study.sampler, space, study.sampler_options)


def _objective_problems(study: StudySpec, facts: DatasetFacts) -> dict[str, str]:
    first, *further = study.objectives
    kind = study.estimator.kind
    n_classes = facts.n_target_values if kind == "classification" else None
    messages = []
    if first in TIMES:
        messages.append(f"the first must be a scorer, got {first}: it decides what is best.")
    repeated = sorted({name for name in study.objectives if study.objectives.count(name) > 1})
    if repeated:
        messages.append(f"{repeated[0]} stands there more than once. Keep one of them.")
    scorers = [name for name in dict.fromkeys(study.objectives) if name not in TIMES]
    messages += filter(None, (scorer_problem(name, kind, n_classes) for name in scorers))
    found = {"scoring": "\n".join(messages)} if messages else {}
    if further and study.pruner != "none":
        message = 'no pruner compares several objectives. Set pruner = "none", or one scorer.'
        found["pruner"] = message
    if further and study.sampler in SAMPLERS and not SAMPLERS[study.sampler].compares_several:
        found["sampler"] = f"{study.sampler} takes one objective. Use tpe or nsgaii."
    return found


def _prune_by_problems(study: StudySpec, table: Mapping[str, object] | None) -> dict[str, str]:
    if study.prune_by == "folds" or study.pruner not in PRUNERS:
        return {}
    if study.pruner == "none":
        others = ", ".join(name for name in PRUNERS if name != "none")
        return {"prune_by": f"needs a pruner. Choose one of: {others}."}
    if PRUNERS[study.pruner].compares_folds:
        message = f'{study.pruner} compares single folds. Set prune_by = "folds", or use median.'
        return {"prune_by": message}
    if table is not None and search_space_problems(table, study.estimator):
        return {}
    for spec in _sample_estimators(study.estimator, table or {}):
        problem = None if estimator_problems(spec) else _part_problem(spec)
        if problem:
            return {"prune_by": problem}
    return {}


def _early_stopping_problems(
    study: StudySpec, table: Mapping[str, object] | None
) -> dict[str, str]:
    """Return why the folds of a study cannot be stopped early."""
    spec = study.estimator
    if not spec.early_stopping_rounds or estimator_problems(spec) or early_stopping_problem(spec):
        return {}  # The trainer says it.
    if study.pruner != "none" and study.prune_by == "folds":
        message = 'early stopping looks at all folds together. Set prune_by = "iterations".'
        return {"prune_by": message}
    if table is not None and search_space_problems(table, spec):
        return {}
    problems = map(boosting_problem, _sample_estimators(spec, table or {}))
    message = next(filter(None, problems), "")
    return {"early_stopping_rounds": message} if message else {}


def _part_problem(spec: EstimatorSpec) -> str | None:
    return boosting_problem(spec) if is_booster(spec) else stepping_problem(spec)


def _sample_estimators(
    fixed: EstimatorSpec, table: Mapping[str, object]
) -> Iterator[EstimatorSpec]:
    """Yield the estimator at a point of the space, then with each other choice in place of one."""
    space = parse_space(table) if table else {}
    choices = {
        name: dimension.values() if isinstance(dimension, CategoricalDimension) else [dimension.low]
        for name, dimension in space.items()
    }
    point = {**fixed.params, **{name: values[0] for name, values in choices.items()}}
    yield replace(fixed, params=point)
    for name, values in choices.items():
        for value in values[1:]:
            yield replace(fixed, params={**point, name: value})


def _timeout_problems(timeout_s: float | None) -> dict[str, str]:
    if timeout_s is None or timeout_s >= 0:
        return {}
    return {"timeout_s": f"must not be negative, got {timeout_s}. 0 is no limit."}
