"""What samplers and pruners have in common: a name of a table, and options as Optuna names them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TypeVar

from runforest.errors import did_you_mean

T = TypeVar("T")
Options = Mapping[str, object]


def option_problems(
    name: str, role: str, known: tuple[str, ...], options: Options
) -> dict[str, str]:
    """Return which options are unknown."""
    return {
        f"{role}_options.{key}": f"unknown option of {name}. {did_you_mean(key, known)}"
        for key in options
        if key not in known
    }


def build_problem(role: str, build: Callable[[], object]) -> dict[str, str]:
    """Return what Optuna says of the options."""
    try:
        build()
    except (TypeError, ValueError) as error:
        return {f"{role}_options": f"{error} Correct the option."}
    return {}


def quietly(factory: Callable[..., T], **options: object) -> T:
    """Call the factory without Optuna's notice that its interface may change: it is pinned."""
    from optuna.exceptions import ExperimentalWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return factory(**options)
