"""Runforest: experiments on tabular data as Luigi tasks that record themselves in MLflow."""

from __future__ import annotations

import os

__version__ = "0.1.0"

USER_CONFIG_PARSER = os.environ.get("LUIGI_CONFIG_PARSER", "")
"""The parser that the user's environment names; it decides how the user's file is read."""

# Luigi chooses its own parser while it is imported, later is too late. Runforest reads the user's
# file itself, whatever its syntax, and hands Luigi typed tables: what its TOML parser holds.
os.environ["LUIGI_CONFIG_PARSER"] = "toml"
