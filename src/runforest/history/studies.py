"""The study of a run's tuner, read back as Optuna's own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.environment import find_project, read_environment
from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import below
from runforest.history.needed_runs import STUDY_FILE
from runforest.results.digests import DigestCache
from runforest.tracking.exchange.download import download_result
from runforest.tracking.recorded_run import find_run
from runforest.tracking.store.connect import connect
from runforest.tuning.storage.study_file import read_study_file

if TYPE_CHECKING:
    import optuna

    from runforest.tracking.recorded_run import RecordedRun


def load_study(run: str, *, task: str = "", project: Path | None = None) -> optuna.Study:
    """Return the study that a run's tuner made, in memory; the run stays as it is.

    All that Optuna has for a study works on it: `best_trial`, `trials_dataframe()`, the functions
    of `optuna.visualization`.

    Parameters
    ----------
    run
        Run id, the beginning of one, or a run name.
    task
        Folder of the tuner in the run's artifacts; needed only where a run has several.
    project
        Project folder; by default the nearest one upward, or PROJECT_ROOT. The tracking store is
        that of its `.env`.

    Raises
    ------
    StoreError, ArtifactError
        There is no such run, or it has no single study.
    """
    environment = read_environment(project.resolve() if project else find_project())
    recorded = find_run(connect(environment.tracking_uri, environment.project), run)
    found = [name for name, one in recorded.manifests.items() if STUDY_FILE in one.outputs]
    meant = [name for name in found if task in {"", name}]
    if len(meant) != 1:
        has = f"has {len(found)}: {', '.join(found)}. Name one as `task`" if found else "has none"
        message = f"run {recorded.run_id} ({recorded.name}): no single study; it {has}."
        raise ArtifactError(message)
    return study_of(recorded, meant[0])


def study_of(run: RecordedRun, task: str) -> optuna.Study:
    """Return the study among the results of a task, in memory."""
    if run.is_local:
        return read_study_file(run.artifacts / task / STUDY_FILE)
    with tempfile.TemporaryDirectory(prefix="runforest-") as folder:
        digests = DigestCache(Path(folder) / "digests.txt")
        result = below(Path(folder), task)
        download_result(f"{run.artifact_uri}/{task}", result, digests, check=None)
        return read_study_file(result / STUDY_FILE)
