"""Results that [PathConfig] pins tasks to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from luigi.task_register import Register

from runforest.errors import ArtifactError, Problem
from runforest.manifest import read_manifest
from runforest.tracking.transfer import download_result

if TYPE_CHECKING:
    from runforest.config.check import CheckedTables
    from runforest.config.read import Layers


def resolve_pins(
    checked: CheckedTables, layers: Layers, project: Path
) -> tuple[dict[str, str], list[Problem]]:
    """Return task folder -> result folder for the pins; URIs are kept for a later download."""
    pins, problems = {}, []
    for name, value in (checked.paths.model_extra or {}).items():
        if is_uri(value):
            pins[name] = value
            continue
        folder = (project / Path(value).expanduser()).resolve()
        message = (
            _pin_problem(name.partition("-")[0], folder)
            if value
            else "is empty. Name the folder of a result, or take the key out."
        )
        if message:
            problems.append(
                Problem(where=layers.where("PathConfig", name), key=name, message=message)
            )
        pins[name] = str(folder)
    return pins, problems


def is_uri(value: str) -> bool:
    """Return whether a pin names a result in a store and not a folder of this machine.

    >>> is_uri("runs:/abc/Trainer"), is_uri("mlflow-artifacts:/1/abc"), is_uri("./mlruns/a")
    (True, True, False)
    """
    return re.match(r"[a-z][a-z0-9+.-]+:/", value) is not None


def local_pins(pins: dict[str, str], project: Path) -> dict[str, str]:
    """Return the pins with those results downloaded that lie elsewhere.

    Raises
    ------
    ArtifactError
        One cannot be downloaded, or is not complete.
    """
    local = {}
    for name, value in pins.items():
        folder = project / "mlruns" / "cache" / "pinned" / re.sub(r"\W+", "-", value)
        local[name] = str(download_result(value, folder)) if is_uri(value) else value
    return local


def _pin_problem(family: str, folder: Path) -> str | None:
    try:
        manifest = read_manifest(folder)
    except ArtifactError as error:
        return str(error)
    if manifest is None:
        what = (
            "has no manifest.json, so it is not a complete result"
            if folder.is_dir()
            else ("does not exist")
        )
        return f"{folder} {what}. Name the task's folder in the artifacts of a run."
    if manifest.task != family and family in Register.task_names():
        return f"{folder} is a result of {manifest.task}. Name a folder of {family}."
    return None
