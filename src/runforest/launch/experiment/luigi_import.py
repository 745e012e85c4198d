"""Luigi imported without its reading a file: its parser lacks half of TOML."""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path


def import_luigi() -> None:
    """Import Luigi before anything else does.

    While it is imported, Luigi 3.8 reads `luigi.toml` of the current folder and the file of
    LUIGI_CONFIG_PATH with the package `toml`, and raises what that raises at an array of texts and
    numbers, for instance. Runforest reads the configuration itself and gives Luigi the tables.
    """
    named = os.environ.pop("LUIGI_CONFIG_PATH", None)
    try:
        with contextlib.chdir(Path(__file__).parent):
            importlib.import_module("luigi")
    finally:
        if named is not None:
            os.environ["LUIGI_CONFIG_PATH"] = named
