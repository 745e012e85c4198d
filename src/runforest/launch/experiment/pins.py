"""Results that [PathConfig] pins tasks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luigi.task_register import Register

from runforest.config.pins import is_uri, pinned_folder
from runforest.fingerprint.ingredients import digest_cache
from runforest.foundation.errors import ArtifactError
from runforest.results.manifest import read_manifest
from runforest.tracking.exchange.download import download_result, intact_manifest
from runforest.tracking.models.executable import check_executable
from runforest.tracking.store.connect import connect

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from runforest.config.check import CheckedTables
    from runforest.config.environment import Environment
    from runforest.config.read import Layers
    from runforest.foundation.errors import Problem
    from runforest.run_task import RunTask


def resolve_pins(
    checked: CheckedTables, layers: Layers, project: Path
) -> tuple[dict[str, str], list[Problem]]:
    """Return task folder -> result folder for the pins; URIs are downloaded later."""
    pins, problems = {}, []
    for name, value in (checked.paths.model_extra or {}).items():
        if is_uri(value):
            pins[name] = value
            continue
        folder = pinned_folder(project, value)
        is_own = folder.is_relative_to((project / "mlruns").resolve())
        is_foreign = not is_own and not checked.run.trust_store
        message = (
            _pin_problem(name.partition("-")[0], folder, is_foreign=is_foreign)
            if value
            else "is empty. Name the folder of a result, or take the key out."
        )
        if message:
            problems.append(layers.problem("PathConfig", name, message))
        pins[name] = str(folder)
    return pins, problems


def unmatched_pins(tasks: Iterable[RunTask], layers: Layers) -> list[Problem]:
    """Return a problem for each pin whose task is in the graph, but under other folder names.

    A pin of a task that the graph does not have is sound: another pin may cut it off.
    """
    folders: dict[str, set[str]] = {}
    for task in tasks:
        folders.setdefault(task.get_task_family(), set()).add(task.folder_name)
    problems = []
    for name in layers.tables.get("PathConfig", {}):
        known = folders.get(name.partition("-")[0], {name})
        if name not in known:
            message = (
                "is no task of this experiment. Name one of its folders "
                f"({', '.join(sorted(known))}), or take the key out."
            )
            problems.append(layers.problem("PathConfig", name, message))
    return problems


def local_pins(
    pins: dict[str, str], environment: Environment, *, trusts_code: bool
) -> dict[str, str]:
    """Return the pins with those results downloaded that lie elsewhere and are not here yet.

    Raises ArtifactError when one cannot be downloaded, is not complete or may not be loaded.
    """
    project, check = environment.project, None if trusts_code else check_executable
    digests = digest_cache(project)
    folders = dict(pins)
    for name, value in pins.items():
        if is_uri(value):
            folder = pinned_folder(project, value)
            if not intact_manifest(folder, digests):
                connect(environment.tracking_uri, project)
            download_result(value, folder, digests, check=check)
            folders[name] = str(folder)
    return folders


def _pin_problem(family: str, folder: Path, *, is_foreign: bool) -> str | None:
    try:
        manifest = read_manifest(folder)
        if manifest and is_foreign:
            check_executable(folder, manifest)
    except ArtifactError as error:
        return str(error)
    if manifest is None:
        lacking = "has no manifest.json, so it is not a complete result"
        what = lacking if folder.is_dir() else "does not exist"
        return f"{folder} {what}. Name the task's folder in the artifacts of a run."
    if manifest.task != family and family in Register.task_names():
        return f"{folder} is a result of {manifest.task}. Name a folder of {family}."
    return None
