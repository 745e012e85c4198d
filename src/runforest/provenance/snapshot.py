"""The files that make a run explainable, written into its artifact folder when it opens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.config.writing import toml_text
from runforest.layout import (
    COMMIT_RECORD,
    CONFIG_RECORD,
    DIFF_RECORD,
    PACKAGES_RECORD,
    PLATFORM_RECORD,
    PROJECT_RECORD,
    SOURCES_RECORD,
)
from runforest.provenance.environment import installed_packages, platform_facts
from runforest.provenance.sources import project_sources, zip_sources
from runforest.redact import redact, redact_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runforest.provenance.git import Commit

LEFT_OUT = "left out"
"""Key of `code/commit.json` whose value has the sizes of the files that the record lacks."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is recorded of a run before its first task starts."""

    project: Path
    config_files: tuple[Path, ...]
    settings: tuple[str, ...]
    effective: Mapping[str, Mapping[str, object]]
    commit: Commit
    secrets: tuple[str, ...]


def write_snapshot(artifacts: Path, snapshot: Snapshot) -> None:
    """Write `config/`, `code/` and `environment/` of a run."""
    secrets = snapshot.secrets
    texts = {file: redact(text, secrets) for file, text in _texts(snapshot).items()}
    files, left_out = project_sources(snapshot.project, snapshot.effective)
    for file, text in (texts | _records(snapshot, left_out)).items():
        path = artifacts / file
        path.parent.mkdir(parents=True, exist_ok=True)
        # A diff has the bytes of the files it is of, which need not be UTF-8.
        path.write_bytes(text.encode(errors="surrogateescape"))
    (artifacts / SOURCES_RECORD).write_bytes(zip_sources(snapshot.project, files, secrets))


def _texts(snapshot: Snapshot) -> dict[str, str]:
    """Return what is recorded as it stands somewhere."""
    texts = {
        f"config/original/{position}-{file.name}"
        if position
        else f"config/original/{file.name}": file.read_text(encoding="utf-8")
        for position, file in enumerate(snapshot.config_files)
    }
    if snapshot.settings:
        texts["config/original/set.txt"] = "".join(f"{line}\n" for line in snapshot.settings)
    texts[PACKAGES_RECORD] = installed_packages()
    if snapshot.commit.diff:
        texts[DIFF_RECORD] = snapshot.commit.diff
    return texts


def _records(snapshot: Snapshot, left_out: Mapping[str, int]) -> dict[str, str]:
    """Return what `why`, `reproduce` and `gc` read back, the secrets masked already."""
    secrets = snapshot.secrets
    effective = {table: redact_all(values, secrets) for table, values in snapshot.effective.items()}
    facts = {
        PLATFORM_RECORD: redact_all(platform_facts(), secrets),
        COMMIT_RECORD: _commit_facts(snapshot.commit, left_out, secrets),
    }
    return {
        PROJECT_RECORD: toml_text({"project": redact(str(snapshot.project), secrets)}),
        CONFIG_RECORD: toml_text(effective),
        **{file: json.dumps(content, indent=2) + "\n" for file, content in facts.items()},
    }


def _commit_facts(
    commit: Commit, left_out: Mapping[str, int], secrets: tuple[str, ...]
) -> dict[str, object]:
    """Return what is known of the commit; without one, the recorded sources stand for it."""
    if not commit.sha:
        problem = redact(commit.problem, secrets)
        return {"commit": None, "problem": problem, LEFT_OUT: dict(left_out)}
    return {
        "commit": commit.sha,  # in which a secret occurs by chance
        "branch": redact(commit.branch, secrets),
        "folder": redact(commit.folder, secrets),
        "dirty": commit.is_dirty,
        LEFT_OUT: dict(commit.left_out),
    }
