"""The manifest: the record that a task's result is complete, and what it depends on.

It is written last, so a folder without one is no result, whatever files it holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runforest.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION = 3

_encode = json.JSONEncoder(default=vars).encode


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """One file of a result.

    A *volatile* file (a timing, a date) differs from run to run; it is kept and verified, but
    what comes downstream does not depend on it.
    """

    size_bytes: int
    sha256: str
    is_volatile: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What one task computed, from what, when and in which run.

    The names in `params` are those that the task gave them. A run precedes them by the name of the
    task's folder, which depends on the run's configuration. `metrics` has the last values; with
    `has_history` all that was logged stands in a file of the result. Of the folders in
    `empty_folders` no file tells. `is_dirty` tells of changes beside the commit; None where a
    manifest of version 1 does not.
    """

    task: str
    fingerprint: str
    ingredients: dict[str, dict[str, str]]
    outputs: dict[str, OutputFile]
    empty_folders: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    has_history: bool = False
    started_ms: int = 0
    duration_s: float = 0.0
    run_id: str = ""
    commit: str = ""
    is_dirty: bool | None = None
    reused_from: str | None = None
    version: int = MANIFEST_VERSION

    @property
    def content_digest(self) -> str:
        """SHA-256 over names and digests of the files that are not volatile, and empty folders."""
        lines = [
            f"{name} {output.sha256}\n"
            for name, output in self.outputs.items()
            if not output.is_volatile
        ]
        lines += [f"{name}/\n" for name in self.empty_folders]
        lines.sort()
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_complete(folder: Path) -> bool:
    """Return whether a folder holds a complete result: its manifest is written last."""
    return (folder / MANIFEST_NAME).is_file()


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a result folder, or None where there is no complete result.

    Raises
    ------
    ArtifactError
        The manifest is damaged, or was written by a newer version of Runforest.
    """
    path = folder / MANIFEST_NAME
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = json.loads(text)
        version = content["version"]
        if version > MANIFEST_VERSION:
            message = (
                f"{path} has format {version}, this Runforest reads up to {MANIFEST_VERSION}. "
                "Upgrade Runforest to use this result."
            )
            raise ArtifactError(message)
        if version < MANIFEST_VERSION:
            content |= _of_this_version(content, folder.name)
        outputs = {name: OutputFile(**output) for name, output in content.pop("outputs").items()}
        return Manifest(outputs=outputs, **content)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{path} is not a readable manifest ({error}). Delete the folder to recompute it."
        raise ArtifactError(message) from error


def _of_this_version(content: dict[str, Any], folder: str) -> dict[str, object]:
    """Return what differs in a manifest of an earlier version.

    Version 2 does not tell of empty folders. Version 1 has parameters by the names of its run; a
    result that was reused has those of the run that computed it, where its folder may have had
    another name.
    """
    if content["version"] > 1:
        return {"version": MANIFEST_VERSION}
    task = re.escape(content["task"])
    known = re.compile(rf"(?:{re.escape(folder)}|{task}(?:-[^.]*(?:\.\d[^.]*)*)?)\.")
    params = {
        name[found.end() :] if (found := known.match(name)) else name: value
        for name, value in content.get("params", {}).items()
    }
    return {"params": params, "version": MANIFEST_VERSION}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder that becomes a result by a rename, and not before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(folder / MANIFEST_NAME, flags, 0o444), "wb") as out:
        out.write(json_text(vars(manifest)).encode())


def json_text(fields: Mapping[str, object]) -> str:
    """Return an object of JSON with a line per field, and a line per item of a field's list.

    With `indent` the json module leaves its encoder in C, which is several times as fast.

    >>> print(json_text({"a": {"b": 1}, "c": [{"d": 2}, {}]}), end="")
    {
      "a": {"b": 1},
      "c": [
        {"d": 2},
        {}
      ]
    }
    """
    lines = [f"  {_encode(name)}: {_field(value)}" for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"


def _field(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _encode(value)
    return "[\n    " + ",\n    ".join(map(_encode, value)) + "\n  ]"
