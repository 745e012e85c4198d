"""What is wrong with the tasks of a graph, seen from their parameters and the data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.foundation.errors import Problem
from runforest.foundation.parameters import InputFileParameter, shared_source
from runforest.foundation.redact import holds_secret, secret_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runforest.config.read import Layers
    from runforest.config.resolve import ResolvedDataset
    from runforest.run_task import RunTask


def check_tasks(
    tasks: list[RunTask], layers: Layers, dataset: ResolvedDataset, known: list[Problem]
) -> list[Problem]:
    """Return the problems of tasks that are to be computed.

    The data set's problems count when one of the tasks uses it. Tasks that take values from a
    table with known problems are left out, since they would have others that follow from those.
    """
    is_using = any("[Dataset]" in _tables(task) for task in tasks)
    found = list(dataset.problems) if is_using else []
    wrong = {problem.table for problem in known}
    if dataset.dataset or not is_using:
        for task in tasks:
            if not _tables(task) & wrong:
                found += [*task.problems(), *_missing_files(task)]
    found += _guessed_kind(found, dataset)
    return [place(problem, layers) for problem in found]


BINARY = 2
KIND_KEYS = frozenset({"n_folds", "scoring", "estimator", "target_transform"})
"""Keys whose values suit a classification or a regression."""


def _guessed_kind(found: list[Problem], dataset: ResolvedDataset) -> Iterator[Problem]:
    """Yield that the kind of a target of numbers was guessed, where mistakes may follow from it."""
    facts = dataset.facts
    is_guessed = facts.is_kind_guessed and facts.target_low is not None
    is_following = any(
        one.key in KIND_KEYS and ("class" in one.message or "regress" in one.message)
        for one in found
    )
    if not dataset.dataset or not is_guessed or not is_following:
        return
    if dataset.dataset.kind == "classification" and facts.n_target_values <= BINARY:
        return  # as good as sure
    kinds = {"classification": "classes", "regression": "a quantity"}
    kind = dataset.dataset.kind
    (other,) = kinds.keys() - {kind}
    if any(f'kind = "{other}"' in one.message for one in found):
        return
    message = (
        f"{dataset.dataset.target} was taken for {kinds[kind]}, a guess by its "
        f'{facts.n_target_values} values. If it is {kinds[other]}: kind = "{other}".'
    )
    yield Problem(where="[Dataset]", key="kind", message=message)


def _missing_files(task: RunTask) -> Iterator[Problem]:
    for name, parameter in task.get_params():
        file = task.param_kwargs[name]
        if isinstance(parameter, InputFileParameter) and file and not Path(file).exists():
            yield task.problem(name, f"no such file: {file}. Correct the path.")


def secret_params(tasks: list[RunTask], layers: Layers) -> list[Problem]:
    """Return the parameters that hold a secret: Luigi's page and many records show parameters."""
    names = {
        one: name for name, value in os.environ.items() for one in secret_values({name: value})
    }
    problems = [
        task.problem(
            name,
            f"holds a secret, the value of {names[secret]}, which Luigi's page and the run would "
            f'show. Leave the parameter out and read os.environ["{names[secret]}"] in compute().',
        )
        for task in tasks
        for name, parameter in task.get_params()
        if name != "active_run"
        for secret in names
        if holds_secret(str(parameter.serialize(task.param_kwargs[name])), secret)
    ]
    return [place(problem, layers) for problem in problems]


def place(problem: Problem, layers: Layers) -> Problem:
    """Return the problem with the file before its `[Table]`."""
    if not problem.where.startswith("["):
        return problem
    return layers.problem(problem.where.strip("[]"), problem.key, problem.message)


def _tables(task: RunTask) -> set[str]:
    """Return the tables that a task takes values from."""
    sources = [shared_source(parameter) for _, parameter in task.get_params()]
    return {f"[{task.get_task_family()}]", *(f"[{source[0]}]" for source in sources if source)}
