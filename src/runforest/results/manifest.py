"""The manifest: the record that a task's result is complete, and what it depends on.

It is written last, so a folder without one is no result, whatever files it holds.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import check_name
from runforest.results.digests import text_digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import TypeAdapter

MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION: Literal[4] = 4

_encode = json.JSONEncoder(default=vars).encode
_STRICT = {"extra": "forbid", "strict": True}


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """One file of a result; nothing downstream depends on one that is volatile."""

    __pydantic_config__ = _STRICT

    size_bytes: int
    sha256: str
    is_volatile: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What one task computed, from what, when and in which run.

    The names in `params` are those that the task gave them: a run precedes them by the name of the
    task's folder. `metrics` has the last values; with `has_history` a file of the result has all.
    `has_trials` says that the run that computed it has child runs for the trials.
    """

    __pydantic_config__ = _STRICT

    task: str
    fingerprint: str
    ingredients: dict[str, dict[str, str]]
    outputs: dict[str, OutputFile]
    empty_folders: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    has_history: bool = False
    has_trials: bool = False
    started_ms: int = 0
    duration_s: float = 0.0
    run_id: str = ""
    commit: str = ""
    is_dirty: bool = False
    reused_from: str | None = None
    version: Literal[4] = MANIFEST_VERSION

    @property
    def content_digest(self) -> str:
        """SHA-256 over names and digests of the files that are not volatile, and empty folders."""
        lines = [
            f"{name} {output.sha256}\n"
            for name, output in self.outputs.items()
            if not output.is_volatile
        ]
        return text_digest("".join(sorted(lines + [f"{name}/\n" for name in self.empty_folders])))


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds a complete result: its manifest is written last."""
    return (folder / MANIFEST_NAME).is_file()


@cache
def _reader() -> TypeAdapter[Manifest]:
    from pydantic import TypeAdapter

    return TypeAdapter(Manifest)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a result folder, or None where there is no complete result.

    Raises ArtifactError for one that is damaged or of another version, or has unsafe names.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest = _reader().validate_json(path.read_bytes())
        _check_names(manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ArtifactError, ValueError) as error:
        # pydantic writes a title, the field and what is wrong with it, each on a line of its own
        reason = ": ".join(map(str.strip, str(error).splitlines()[1:3])) or error
        message = (
            f"{path} is not a readable manifest ({reason}). Delete the folder to recompute it."
        )
        raise ArtifactError(message) from error
    return manifest


def _check_names(manifest: Manifest) -> None:
    if not re.fullmatch(r"[0-9a-f]{4,64}", manifest.fingerprint):  # names files of the index
        message = f"{manifest.fingerprint!r} is no fingerprint"
        raise ArtifactError(message)
    for name in (*manifest.outputs, *manifest.empty_folders):
        if check_name(name) == MANIFEST_NAME:
            message = f"an output is named {name}, like the manifest itself. Rename it."
            raise ArtifactError(message)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder that becomes a result by a rename, and not before.

    Raises ArtifactError for a name that could not be read again.
    """
    _check_names(manifest)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(folder / MANIFEST_NAME, flags, 0o444), "wb") as out:
        out.write(json_text(vars(manifest)).encode())


def json_text(fields: Mapping[str, object]) -> str:
    """Return JSON with a line per field: with `indent` the encoder takes several times as long."""
    lines = [f"  {_encode(name)}: {_encode(value)}" for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
