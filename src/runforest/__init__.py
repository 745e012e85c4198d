"""Runforest: experiments on tabular data as Luigi tasks that record themselves in MLflow."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runforest.foundation.errors import Problem
    from runforest.foundation.parameters import (
        ImportPathParameter,
        InputFileParameter,
        KindParameter,
        NamesParameter,
        StringsParameter,
        TableParameter,
        TaskNameParameter,
        from_table,
    )
    from runforest.history.studies import load_study
    from runforest.model.estimator_spec import EstimatorSpec
    from runforest.model.estimators import build_pipeline
    from runforest.results.artifacts import Artifact
    from runforest.run_task import RunTask, WrapperRunTask, requires
    from runforest.table.roles import feature_roles
    from runforest.tracking.models.mlflow_model import load_model, save_model

__all__ = [
    "Artifact",
    "EstimatorSpec",
    "ImportPathParameter",
    "InputFileParameter",
    "KindParameter",
    "NamesParameter",
    "Problem",
    "RunTask",
    "StringsParameter",
    "TableParameter",
    "TaskNameParameter",
    "WrapperRunTask",
    "build_pipeline",
    "feature_roles",
    "from_table",
    "load_model",
    "load_study",
    "requires",
    "save_model",
]

__version__ = "0.1.0"

_MODULES = {
    "runforest.foundation.errors": "Problem",
    "runforest.history.studies": "load_study",
    "runforest.model.estimator_spec": "EstimatorSpec",
    "runforest.model.estimators": "build_pipeline",
    "runforest.foundation.parameters": "ImportPathParameter InputFileParameter KindParameter "
    "NamesParameter StringsParameter TableParameter TaskNameParameter from_table",
    "runforest.results.artifacts": "Artifact",
    "runforest.run_task": "RunTask WrapperRunTask requires",
    "runforest.table.roles": "feature_roles",
    "runforest.tracking.models.mlflow_model": "load_model save_model",
}
HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}
"""Each public name and the module that defines it: the fingerprint of a task follows it there."""

USER_CONFIG_PARSER = os.environ.get("LUIGI_CONFIG_PARSER", "")
"""The parser that the user's environment names; it decides how the user's file is read."""

# Luigi chooses its own parser while it is imported, later is too late. Runforest reads the user's
# file itself and gives Luigi typed tables: what its TOML parser holds.
os.environ["LUIGI_CONFIG_PARSER"] = "toml"


def __getattr__(name: str) -> object:
    """Import a public name when it is used (PEP 562): the package itself stays light."""
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """Return what people use, for completion."""
    return __all__
