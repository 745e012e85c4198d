"""`runforest reproduce`: an earlier run done again, and whether it came out the same."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from runforest.errors import ArtifactError, TaskError
from runforest.fingerprint.ingredients import digest_cache, input_digest
from runforest.history.worktree import code_of_run
from runforest.provenance.environment import installed_packages
from runforest.tracking.history import RecordedRun, find_run, read_run
from runforest.tracking.store import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from runforest.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether one task came out as before, and how that is known."""

    task: str
    is_reproduced: bool
    reason: str


def reproduce(
    client: MlflowClient, reference: str, project: Path, *, is_strict: bool, tolerance: float
) -> int:
    """Do a run again from its recorded commit, diff and configuration, and compare.

    Parameters
    ----------
    is_strict
        Refuse if the installed packages are not the recorded ones.
    tolerance
        Greatest relative difference of a metric that still counts as the same, where the
        outputs are not the same bytes.

    Returns
    -------
    exit_code
        0 if every task is reproduced, 1 if not.

    Raises
    ------
    StoreError, ArtifactError
        The run, its commit or its inputs are not there any more, or not the same.
    TaskError
        The run could not be completed again.
    """
    run = find_run(client, reference)
    check_environment(run, is_strict=is_strict)
    check_inputs(run, project)
    with code_of_run(run, project) as folder:
        again = _execute(run, folder, project)
        verdicts = compare(run, again, tolerance)
    for verdict in verdicts:
        word = "reproduced" if verdict.is_reproduced else "NOT reproduced"
        sys.stdout.write(f"  {verdict.task:<20} {word}: {verdict.reason}\n")
    is_reproduced = all(verdict.is_reproduced for verdict in verdicts)
    sys.stdout.write(f"{run.name}: {'reproduced' if is_reproduced else 'NOT reproduced'}\n")
    return 0 if is_reproduced else 1


def check_environment(run: RecordedRun, *, is_strict: bool) -> None:
    """Print how the installed packages differ from the recorded ones.

    Raises
    ------
    ArtifactError
        They differ, and `is_strict`.
    """
    recorded = (run.artifacts / "environment" / "requirements.txt").read_text(encoding="utf-8")
    before, after = set(recorded.splitlines()), set(installed_packages().splitlines())
    lines = [f"  recorded {one}" for one in sorted(before - after)]
    lines += [f"  installed {one}" for one in sorted(after - before)]
    if not lines:
        return
    text = "\n".join(lines)
    if is_strict:
        message = (
            f"the installed packages differ from those of run {run.name}:\n{text}\nInstall "
            "environment/requirements.txt of the run, or leave out --strict."
        )
        raise ArtifactError(message)
    sys.stdout.write(f"The installed packages differ:\n{text}\n")


def check_inputs(run: RecordedRun, project: Path) -> None:
    """See that the raw files are what they were.

    Raises
    ------
    ArtifactError
        One is missing or has another content.
    """
    cache = digest_cache(project)
    tables = _effective(run, project)
    for name, manifest in run.manifests.items():
        for key, digest in manifest.ingredients.get("inputs", {}).items():
            path = Path(str(tables.get(manifest.task, {}).get(key, "")))
            if not path.exists():
                message = f"{path}, an input of {name}, is missing. Put the file back."
                raise ArtifactError(message)
            if input_digest(path, cache) != digest:
                message = (
                    f"{path}, an input of {name}, changed since run {run.name}. Put back the file "
                    f"with SHA-256 {digest}."
                )
                raise ArtifactError(message)


def compare(old: RecordedRun, new: RecordedRun, tolerance: float) -> list[Verdict]:
    """Return a verdict per task: by the digests of the outputs, else by its metrics."""
    after = new.manifests
    return [
        _verdict(name, manifest, after.get(name), tolerance)
        for name, manifest in old.manifests.items()
    ]


def _verdict(name: str, old: Manifest, new: Manifest | None, tolerance: float) -> Verdict:
    if new is None:
        return Verdict(task=name, is_reproduced=False, reason="it was not completed")
    if old.content_digest == new.content_digest:
        return Verdict(task=name, is_reproduced=True, reason="same bytes")
    files = [
        file
        for file, output in old.outputs.items()
        if not output.is_volatile
        and (file not in new.outputs or new.outputs[file].sha256 != output.sha256)
    ]
    what = f"{', '.join(files[:3])} differ" if files else "it has other files"
    if old.metrics and _are_close(old.metrics, new.metrics, tolerance):
        return Verdict(task=name, is_reproduced=True, reason=f"same metrics, though {what}")
    return Verdict(task=name, is_reproduced=False, reason=what)


def _are_close(old: dict[str, float], new: dict[str, float], tolerance: float) -> bool:
    return old.keys() == new.keys() and all(
        math.isclose(value, new[name], rel_tol=tolerance) for name, value in old.items()
    )


def _effective(run: RecordedRun, project: Path) -> dict[str, dict[str, object]]:
    """Return the run's configuration; where the project was then, it says where it is now."""
    text = (run.artifacts / "config" / "effective.toml").read_text(encoding="utf-8")
    facts = tomllib.loads((run.artifacts / "config" / "project.toml").read_text(encoding="utf-8"))
    moved = text.replace(f'"{facts["project"]}/', f'"{project}/')
    return tomllib.loads(moved)


def _execute(run: RecordedRun, folder: Path, project: Path) -> RecordedRun:
    """Run the recorded configuration in a store of its own, which goes with the folder."""
    tables = _effective(run, project)
    tables["PathConfig"]["input"] = str(project / str(tables["PathConfig"]["input"]))
    tables["RunConfig"] |= {"reuse": False, "scheduler": ""}
    config = folder / "reproduce.toml"
    config.write_text(toml.dumps(tables), encoding="utf-8")
    shutil.rmtree(folder / "mlruns", ignore_errors=True)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")},
        "PROJECT_ROOT": str(folder),
        "LUIGI_CONFIG_PARSER": "toml",
        "MLFLOW_TRACKING_URI": "",
    }
    done = subprocess.run(  # noqa: S603 - the recorded code is what is to be run
        [sys.executable, str(folder / "src" / "runner.py"), "--config", str(config)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"run {run.name} could not be completed again:\n{done.stderr}\n{done.stdout}"
        raise TaskError(message)
    client = connect(f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}", folder)
    experiments = [found.experiment_id for found in client.search_experiments()]
    tops = [
        one for one in client.search_runs(experiments) if "mlflow.parentRunId" not in one.data.tags
    ]
    return read_run(tops[0])
