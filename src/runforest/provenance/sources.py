"""The sources that a run is made with: the project's `src`, and its modules that lie elsewhere."""

from __future__ import annotations

import io
import sys
import zipfile
from typing import TYPE_CHECKING

from luigi.task_register import Register

from runforest.fingerprint.code import find_code
from runforest.fingerprint.module_files import project_file
from runforest.parameters import ImportPathParameter
from runforest.provenance.bounds import within_bounds
from runforest.redact import redact_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def zip_sources(project: Path, files: Iterable[str], secrets: Iterable[str]) -> bytes:
    """Return files of a project as a ZIP, without secrets; same files, same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            entry = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, redact_bytes((project / name).read_bytes(), secrets))
    return buffer.getvalue()


def project_sources(
    project: Path, effective: Mapping[str, Mapping[str, object]]
) -> tuple[list[str], dict[str, int]]:
    """Return the files that a run needs of its project besides configuration and data.

    The files beyond the bounds of code come second, with their sizes. All are paths from the
    project folder.

    Parameters
    ----------
    effective
        The configuration, whose import paths lead to modules that need not be loaded yet.
    """
    files = {path for path in (project / "src").rglob("*") if _is_source(path, project)}
    for path in _modules(project, effective):
        files.add(path)
        folders = [folder for folder in path.parents if folder.is_relative_to(project)]
        files |= {init for folder in folders if (init := folder / "__init__.py").is_file()}
    sizes = {path.relative_to(project).as_posix(): path.stat().st_size for path in files}
    return within_bounds(sizes)


def _is_source(path: Path, project: Path) -> bool:
    parts = path.relative_to(project).parts
    is_generated = any(
        part.startswith(".") or part == "__pycache__" or part.endswith((".egg-info", ".pyc"))
        for part in parts
    )
    return not is_generated and path.is_file()


def _modules(project: Path, effective: Mapping[str, Mapping[str, object]]) -> set[Path]:
    """Return the files of the project's loaded modules and of what these import."""
    names = {name for name, module in list(sys.modules.items()) if _is_near(module, project)}
    names |= set(_import_paths(effective))
    names = {name for name in names if name.partition(".")[0] != "runforest"}
    names |= find_code(tuple(sorted(names)), project).read
    return {path for name in names if (path := project_file(name, project))}


def _is_near(module: object, project: Path) -> bool:
    return str(getattr(module, "__file__", None)).startswith(f"{project}/")


def _import_paths(effective: Mapping[str, Mapping[str, object]]) -> Iterable[str]:
    """Return the modules of the classes that the configuration names."""
    for family in effective.keys() & set(Register.task_names()):
        for key, parameter in Register.get_task_cls(family).get_params():
            value = effective[family].get(key)
            if isinstance(parameter, ImportPathParameter) and value:
                yield str(value).rpartition(".")[0]
