"""What samplers and pruners have in common: a class, and options as Optuna names them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any

from runforest.foundation.errors import did_you_mean
from runforest.foundation.importing import import_object

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class OptunaClass:
    """A sampler or pruner by the import path of its class, and defaults other than Optuna's."""

    path: str
    defaults: Mapping[str, object] = field(default_factory=dict)

    def build(self, options: Mapping[str, object], **given: object) -> Any:  # noqa: ANN401
        """Return an object of the class, which gets of `given` what it takes."""
        from optuna.exceptions import ExperimentalWarning

        kind: Any = import_object(self.path)
        taken = {key: given[key] for key in given.keys() & signature(kind).parameters}
        with warnings.catch_warnings():  # An interface may change; Optuna is pinned.
            warnings.simplefilter("ignore", ExperimentalWarning)
            return kind(**{**self.defaults, **taken, **options})

    def problems(
        self, name: str, role: str, options: Mapping[str, object], **given: object
    ) -> dict[str, str]:
        """Return what is wrong with the options, by `<role>_options.<name>`."""
        kind: Any = import_object(self.path)
        known = [key for key in signature(kind).parameters if key not in given]
        unknown = {
            f"{role}_options.{key}": f"unknown option of {name}. {did_you_mean(key, known)}"
            for key in options
            if key not in known
        }
        if unknown:
            return unknown
        try:
            self.build(options, **given)
        except (TypeError, ValueError) as error:
            return {f"{role}_options": f"{error} Correct the option."}
        return {}
