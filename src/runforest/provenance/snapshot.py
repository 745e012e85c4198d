"""The files that make a run explainable, written into its artifact folder when it opens."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from runforest.config.effective import toml_text
from runforest.foundation.layout import (
    COMMIT_RECORD,
    CONFIG_RECORD,
    DIFF_RECORD,
    PACKAGES_RECORD,
    PLATFORM_RECORD,
    PROJECT_RECORD,
    SOURCES_RECORD,
)
from runforest.foundation.redact import redact, redact_all
from runforest.provenance.sources import project_sources, zip_sources
from runforest.results.manifest import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runforest.provenance.git import Commit

LEFT_OUT = "left out"
"""Key of `code/commit.json` whose value has the sizes of the files that the record lacks."""

DECISIVE = ("python", "implementation", "machine")
"""Facts of the platform that a run done again should share; the others say where it was made."""


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
    texts = {PACKAGES_RECORD: installed_packages()}
    for position, file in enumerate(snapshot.config_files):
        name = f"{position}-{file.name}" if position else file.name
        texts[f"config/original/{name}"] = file.read_text(encoding="utf-8")
    if snapshot.settings:
        texts["config/original/set.txt"] = "".join(f"{line}\n" for line in snapshot.settings)
    if snapshot.commit.diff:
        texts[DIFF_RECORD] = snapshot.commit.diff
    return texts


def _records(snapshot: Snapshot, left_out: Mapping[str, int]) -> dict[str, str]:
    """Return what `why`, `reproduce` and `gc` read back, the secrets masked already."""
    secrets = snapshot.secrets
    effective = {table: redact_all(values, secrets) for table, values in snapshot.effective.items()}
    facts = {name: redact_all(fact, secrets) for name, fact in platform_facts().items()}
    return {
        PROJECT_RECORD: toml_text({"project": redact(str(snapshot.project), secrets)}),
        CONFIG_RECORD: toml_text(effective),
        PLATFORM_RECORD: json_text(facts),
        COMMIT_RECORD: json_text(_commit_facts(snapshot.commit, left_out, secrets)),
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


def installed_packages() -> str:
    """Return the installed distributions as the lines of a requirements file, sorted."""
    found = {_requirement(distribution) for distribution in metadata.distributions()}
    return "".join(f"{line}\n" for line in sorted(found) if line)


def _requirement(distribution: metadata.Distribution) -> str:
    """Return `name==version`, or nothing of a distribution that is not installed completely.

    Read from the text, since the parser of the standard library takes ten times as long.
    """
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields = dict(_FIELD.findall(text.partition("\n\n")[0]))
    return f"{fields['Name']}=={fields['Version']}" if fields.keys() >= {"Name", "Version"} else ""


_FIELD = re.compile(r"^(Name|Version): *(.*\S)", re.MULTILINE)


def platform_facts() -> dict[str, object]:
    """Return what of the machine can matter for a result."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "host": platform.node(),
    }
