"""What a task suggests, as values that the records of a study can keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from optuna.distributions import CategoricalDistribution

from runforest.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optuna


def plain_params(trial: optuna.Trial, suggested: Mapping[str, object]) -> dict[str, object]:
    """Return the suggested parameters as the trainer will read them from JSON.

    NumPy's numbers become Python's, tuples become lists.

    Raises
    ------
    StudyError
        JSON knows no such parameter, or no such choice of the trial.
    """
    _check_choices(trial)
    params = {}
    for name, value in suggested.items():
        try:
            params[name] = _plain(value)
        except TypeError as error:
            message = (
                f"suggest() returned {error} for `{name}`, which no record can keep. Return a text "
                "or a number, and make the object from it in a subclass of the estimator."
            )
            raise StudyError(message) from None
    return params


def _check_choices(trial: optuna.Trial) -> None:
    for name, distribution in trial.distributions.items():
        if not isinstance(distribution, CategoricalDistribution):
            continue
        for choice in distribution.choices:
            if not isinstance(choice, str | int | float | None):
                message = (
                    f"the choices of `{name}` hold a {type(choice).__name__}, which no record can "
                    "keep. Let the trial choose among texts or numbers, and look up in suggest() "
                    "what they stand for."
                )
                raise StudyError(message)


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        unknown = next((key for key in value if not isinstance(key, str)), None)
        if unknown is not None:
            message = f"a dict with the key {unknown!r}"
            raise TypeError(message)
        return {key: _plain(each) for key, each in value.items()}
    message = f"a {type(value).__name__}"
    raise TypeError(message)
