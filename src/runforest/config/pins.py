"""What [PathConfig] pins tasks to: folders of this machine, and URIs of results elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.read import read_layers
from runforest.foundation.layout import Layout

if TYPE_CHECKING:
    from runforest.config.environment import Environment


def is_uri(value: str) -> bool:
    """Return whether a pin names a result in a store and not a folder of this machine.

    >>> is_uri("runs:/abc/Trainer"), is_uri("mlflow-artifacts:/1/abc"), is_uri("./mlruns/a")
    (True, True, False)
    """
    return re.match(r"[a-z][a-z0-9+.-]+:/", value) is not None


def pinned_folder(project: Path, value: str) -> Path:
    """Return where the result lies on this machine; that of a URI after it was downloaded."""
    if is_uri(value):
        return Layout(project).pinned_results / re.sub(r"\W+", "-", value)
    try:
        folder = Path(value).expanduser()
    except RuntimeError:  # "~name" of nobody on this machine
        folder = Path(value)
    return (project / folder).resolve()


def path_parts(project: Path, value: str) -> set[str]:
    """Return the names of all folders on the way to the result; its run's id is one of them."""
    return set(value.split("/")) if is_uri(value) else set(pinned_folder(project, value).parts)


def configured_pins(environment: Environment) -> set[str]:
    """Return what luigi.toml pins tasks to."""
    layers = read_layers([environment.config_file], [], environment.config_parser)
    table = layers.tables.get("PathConfig", {})
    return {str(value) for name, value in table.items() if name != "input"}
