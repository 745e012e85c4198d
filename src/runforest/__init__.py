"""Runforest: experiments on tabular data as Luigi tasks that record themselves in MLflow."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runforest.history.studies import load_study

__all__ = ["USER_CONFIG_PARSER", "__version__", "load_study"]

__version__ = "0.1.0"

USER_CONFIG_PARSER = os.environ.get("LUIGI_CONFIG_PARSER", "")
"""The parser that the user's environment names; it decides how the user's file is read."""

# Luigi chooses its own parser while it is imported, later is too late. Runforest reads the user's
# file itself, whatever its syntax, and hands Luigi typed tables: what its TOML parser holds.
os.environ["LUIGI_CONFIG_PARSER"] = "toml"


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for (PEP 562): the package itself stays light."""
    if name == "load_study":
        return import_module("runforest.history.studies").load_study
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
