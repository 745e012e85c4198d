"""The ingredients of a task's fingerprint, gathered from the task itself."""

from __future__ import annotations

import json
import os
from functools import cache
from os.path import splitext
from pathlib import Path
from typing import TYPE_CHECKING

from luigi.task import flatten

from runforest import __version__
from runforest.fingerprint.code import Code, find_code, is_machinery, task_modules
from runforest.fingerprint.modules import package_versions
from runforest.foundation.estimator_names import import_paths
from runforest.foundation.layout import Layout
from runforest.foundation.parameters import NAMING, InputFileParameter
from runforest.results.digests import DigestCache, text_digest
from runforest.results.formats import FORMATS, Format

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import luigi

    from runforest.results.manifest import Manifest

Ingredients = dict[str, dict[str, str]]


def fingerprint_of(ingredients: Ingredients) -> str:
    """Return the SHA-256 over all ingredients, in hexadecimal."""
    return text_digest(json.dumps(ingredients, sort_keys=True))


def collect_ingredients(
    task: luigi.Task, upstream: Iterable[Manifest], project: Path
) -> Ingredients:
    """Return what the result of a task depends on, group by group.

    The groups are `task` (qualified name), `code`, `packages`, `params`, `inputs` (content of the
    raw files it reads) and `upstream` (content of the results it reads). Paths, times, host,
    description and run are in none of them. Files that the task writes, and those of the results
    that it reads (the manifests `upstream`, in the order of its requirements), count the packages
    of their formats and the engine's code for them.
    """
    cache = digest_cache(project)
    parameters = [
        (name, parameter, task.param_kwargs[name])
        for name, parameter in task.get_params()
        if name != "active_run" and parameter.significant
    ]
    read = list(upstream)
    code = task_code(task, project)
    formats = _formats(task, read)
    format_code = find_code((Format.__module__,), project).digests if formats else {}
    packages = frozenset(code.third_party).union(*(one.packages for one in formats))
    return {
        "task": {"name": f"{type(task).__module__}.{type(task).__qualname__}"},
        "code": {**code.digests, **format_code},
        "packages": {"runforest": __version__, **package_versions(packages, project)},
        "params": {
            name: str(parameter.serialize(value))
            for name, parameter, value in parameters
            if not isinstance(parameter, InputFileParameter)
        },
        "inputs": {
            name: input_digest(Path(value), cache)
            for name, parameter, value in parameters
            if isinstance(parameter, InputFileParameter) and value
        },
        "upstream": {
            f"{position}.{manifest.task}": manifest.content_digest
            for position, manifest in enumerate(read)
        },
    }


def task_code(task: luigi.Task, project: Path) -> Code:
    """Return the code that a task depends on: its classes, and what its parameters name."""
    named = {
        path.rpartition(".")[0]
        for name, parameter in task.get_params()
        if isinstance(parameter, NAMING) and parameter.significant
        for path in import_paths(task.param_kwargs[name])
    }
    modules = task_modules(type(task)) | {one for one in named if not is_machinery(one)}
    return find_code(tuple(sorted(modules)), project)


@cache
def digest_cache(project: Path) -> DigestCache:
    """Return the project's cache of file digests, one per process."""
    return DigestCache(Layout(project).digests)


def input_digest(path: Path, cache: DigestCache) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their relative paths.

    Files behind links to other folders count too.
    """
    if path.is_file():
        return cache.digest(path)
    files = sorted(file for folder in _folders_below(path) for file in folder.iterdir())
    lines = [
        f"{file.relative_to(path).as_posix()} {cache.digest(file)}\n"
        for file in files
        if file.is_file()
    ]
    return text_digest("".join(lines))


def _folders_below(top: Path) -> Iterator[Path]:
    """Yield a folder and those below it, by way of links too, but for one that leads to itself."""
    for name, below, _ in os.walk(top, followlinks=True):
        folder = Path(name)
        yield folder
        around = {folder.resolve(), *folder.resolve().parents}
        below[:] = [one for one in below if (folder / one).resolve() not in around]


def _formats(task: luigi.Task, upstream: Iterable[Manifest]) -> list[Format]:
    """Return the formats of the files that a task declares and of those that it depends on."""
    names = {
        name
        for manifest in upstream
        for name, output in manifest.outputs.items()
        if not output.is_volatile
    }
    names |= {artifact.name for artifact in flatten(task.output())}
    suffixes = {splitext(name)[1] for name in names}  # noqa: PTH122 - a Path takes ten times as long
    return [FORMATS[suffix] for suffix in sorted(FORMATS.keys() & suffixes)]
