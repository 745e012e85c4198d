"""The files that make a run explainable, written into its artifact folder when it opens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.config.writing import toml_text
from runforest.provenance.environment import installed_packages, platform_facts
from runforest.provenance.sources import project_sources, zip_sources
from runforest.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runforest.provenance.git import Commit


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is recorded of a run before its first task starts."""

    project: Path
    config_files: tuple[Path, ...]
    settings: tuple[str, ...]
    effective: Mapping[str, Mapping[str, object]]
    commit: Commit | None
    secrets: tuple[str, ...]


def write_snapshot(artifacts: Path, snapshot: Snapshot) -> None:
    """Write `config/`, `code/` and `environment/` of a run."""
    for file, text in _texts(snapshot).items():
        path = artifacts / file
        path.parent.mkdir(parents=True, exist_ok=True)
        # A diff has the bytes of the files it is of, which need not be UTF-8.
        path.write_bytes(redact(text, snapshot.secrets).encode(errors="surrogateescape"))
    files = project_sources(snapshot.project, snapshot.effective)
    (artifacts / "code" / "sources.zip").write_bytes(
        zip_sources(snapshot.project, files, snapshot.secrets)
    )


def _texts(snapshot: Snapshot) -> dict[str, str]:
    texts = {
        f"config/original/{position}-{file.name}"
        if position
        else f"config/original/{file.name}": file.read_text(encoding="utf-8")
        for position, file in enumerate(snapshot.config_files)
    }
    if snapshot.settings:
        texts["config/original/set.txt"] = "".join(f"{line}\n" for line in snapshot.settings)
    texts["config/project.toml"] = toml_text({"project": str(snapshot.project)})
    texts["config/effective.toml"] = toml_text(snapshot.effective)
    texts["environment/requirements.txt"] = installed_packages()
    texts["environment/platform.json"] = json.dumps(platform_facts(), indent=2) + "\n"
    return texts | _code_texts(snapshot.commit)


def _code_texts(commit: Commit | None) -> dict[str, str]:
    facts: dict[str, object] = {"commit": None}
    if commit:
        facts = {
            "commit": commit.sha,
            "branch": commit.branch,
            "folder": commit.folder,
            "dirty": commit.is_dirty,
        }
    if commit and commit.left_out:
        facts["left out of the diff"] = list(commit.left_out)
    texts = {"code/commit.json": json.dumps(facts, indent=2) + "\n"}
    if commit and commit.diff:
        texts["code/diff.patch"] = commit.diff
    return texts
