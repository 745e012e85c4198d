"""The sources that a run is made with: the project's `src`, and its modules that lie elsewhere.

Data are no code: bounds by place, kind and size hold them off.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from typing import TYPE_CHECKING

from luigi.task_register import Register

from runforest.fingerprint.code import find_code
from runforest.fingerprint.modules import project_file
from runforest.foundation.estimator_names import import_paths
from runforest.foundation.importing import is_source
from runforest.foundation.parameters import NAMING
from runforest.foundation.redact import redact_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)

MAX_FILE_BYTES = 1024 * 1024
MAX_TOTAL_BYTES = 10 * MAX_FILE_BYTES

_DATA = re.compile(r"input/|.*\.(csv|tsv|jsonl|ndjson|arff|libsvm|dat|data|log)$", re.IGNORECASE)
_KEYS = re.compile(r"(.*/)?\.env(\.(?!example).*)?$|.*\.(pem|key)$", re.IGNORECASE)
_HEAD_BYTES = 8000  # git judges by as many whether a file is text


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
    project folder. Import paths in the effective configuration lead to modules not loaded yet.
    """
    files = {path for path in (project / "src").rglob("*") if is_source(path, project)}
    for path in _modules(project, effective):
        files.add(path)
        folders = [folder for folder in path.parents if folder.is_relative_to(project)]
        files |= {init for folder in folders if (init := folder / "__init__.py").is_file()}
    sizes = {path.relative_to(project).as_posix(): path.stat().st_size for path in files}
    return within_bounds(sizes)


def _modules(project: Path, effective: Mapping[str, Mapping[str, object]]) -> set[Path]:
    """Return the files of the project's loaded modules and of what these import."""
    names = {
        name
        for name, module in list(sys.modules.items())
        if str(getattr(module, "__file__", None)).startswith(f"{project}/")
    }
    names |= set(_import_paths(effective))
    names = {name for name in names if name.partition(".")[0] != "runforest"}
    names |= find_code(tuple(sorted(names)), project).read
    return {path for name in names if (path := project_file(name, project))}


def _import_paths(effective: Mapping[str, Mapping[str, object]]) -> Iterable[str]:
    """Return the modules of the classes that the configuration names."""
    for family in effective.keys() & set(Register.task_names()):
        for key, parameter in Register.get_task_cls(family).get_params():
            if isinstance(parameter, NAMING):
                for path in import_paths(effective[family].get(key)):
                    yield path.rpartition(".")[0]


def is_code(path: Path, name: str) -> bool:
    """Return whether a file is text or a link, and neither a table nor a file of secrets.

    `name` is its path from the project folder, below whose `input` are data.
    """
    if _DATA.match(name) or _KEYS.match(name):
        return False
    if path.is_symlink():
        return True
    try:
        with path.open("rb") as file:
            return b"\0" not in file.read(_HEAD_BYTES)
    except OSError:  # unreadable, or a folder
        return False


def within_bounds(sizes: Mapping[str, int]) -> tuple[list[str], dict[str, int]]:
    """Return the files that are small enough, each and together, and the others with their sizes.

    >>> within_bounds({"model.py": 2000, "weights.txt": 300_000_000})
    (['model.py'], {'weights.txt': 300000000})
    """
    small: list[str] = []
    total = 0
    for name in sorted(sizes, key=lambda name: (sizes[name], name)):
        total += sizes[name]
        if sizes[name] > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES:
            break
        small.append(name)
    return sorted(small), {name: sizes[name] for name in sizes if name not in set(small)}


def sizes_in_words(files: Mapping[str, int], n_named: int = 3) -> str:
    """Return the largest files with their sizes, and how many others there are.

    >>> sizes_in_words({"a.csv": 4_000_000, "b.csv": 9_000_000}, 1)
    'b.csv (9.0 MB) and 1 more (13.0 MB in all)'
    """
    largest = sorted(files, key=lambda name: (-files[name], name))[:n_named]
    words = ", ".join(f"{name} ({files[name] / 1e6:.1f} MB)" for name in largest)
    n_others = len(files) - len(largest)
    total = f"{sum(files.values()) / 1e6:.1f} MB in all"
    return f"{words} and {n_others} more ({total})" if n_others else words
