"""The ingredients of a task's fingerprint, gathered from the task itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import luigi
from luigi.task import flatten

from runforest import __version__
from runforest.digests import DigestCache
from runforest.fingerprint.code import code_digests, is_machinery
from runforest.fingerprint.packages import package_versions
from runforest.manifest import read_manifest
from runforest.parameters import ImportPathParameter, InputFileParameter

Ingredients = dict[str, dict[str, str]]


def fingerprint_of(ingredients: Ingredients) -> str:
    """Return the SHA-256 over all ingredients, in hexadecimal."""
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True).encode()).hexdigest()


def collect_ingredients(task: luigi.Task, project: Path) -> Ingredients:
    """Return what the result of a task depends on, group by group.

    The groups are `task` (qualified name), `code`, `packages`, `params`, `inputs` (content of the
    raw files it reads) and `upstream` (content of the results it reads). Paths, times, host,
    description and run are in none of them.
    """
    cache = digest_cache(project)
    parameters = [
        (name, parameter, task.param_kwargs[name])
        for name, parameter in task.get_params()
        if name != "active_run" and parameter.significant
    ]
    modules = {cls.__module__ for cls in type(task).__mro__ if issubclass(cls, luigi.Task)}
    modules |= {
        value.rpartition(".")[0]
        for _, parameter, value in parameters
        if isinstance(parameter, ImportPathParameter) and value
    }
    own = [name for name in modules if not is_machinery(name) and not name.startswith("luigi.")]
    code, third_party = code_digests(own, project)
    return {
        "task": {"name": f"{type(task).__module__}.{type(task).__qualname__}"},
        "code": code,
        "packages": {"runforest": __version__, **package_versions(third_party)},
        "params": {
            name: str(parameter.serialize(value))
            for name, parameter, value in parameters
            if not isinstance(parameter, InputFileParameter)
        },
        "inputs": {
            name: _input_digest(Path(value), cache)
            for name, parameter, value in parameters
            if isinstance(parameter, InputFileParameter) and value
        },
        "upstream": _upstream_digests(task),
    }


def digest_cache(project: Path) -> DigestCache:
    """Return the project's cache of file digests."""
    return DigestCache(project / "mlruns" / "cache" / "digests.txt")


def _input_digest(path: Path, cache: DigestCache) -> str:
    if path.is_file():
        return cache.digest(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{file.relative_to(path).as_posix()} {cache.digest(file)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _upstream_digests(task: luigi.Task) -> dict[str, str]:
    digests = {}
    for position, needed in enumerate(flatten(task.requires())):
        manifest = read_manifest(needed.result_folder)
        digests[f"{position}.{needed.get_task_family()}"] = (
            manifest.content_digest if manifest else ""
        )
    return digests
