"""A run of the tracking store, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runforest.layout import Layout
from runforest.tracking.store.uri import local_path

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.entities import Run as MlflowRun


@dataclass(frozen=True, kw_only=True)
class OpenedRun:
    """A run in the tracking store; `lock` is the file of its process, removed when it is closed."""

    run_id: str
    name: str
    experiment_id: str
    artifact_uri: str
    lock: Path

    @classmethod
    def of(cls, run: MlflowRun, lock: Path) -> OpenedRun:
        """Return a run of MLflow as plain values."""
        return cls(
            run_id=run.info.run_id,
            name=run.info.run_name,
            experiment_id=run.info.experiment_id,
            artifact_uri=run.info.artifact_uri,
            lock=lock,
        )

    @property
    def local_folder(self) -> Path | None:
        """Folder that holds `artifacts/`, None when artifacts have to be uploaded."""
        artifacts = local_path(self.artifact_uri)
        return artifacts.parent if artifacts else None

    def folder_in(self, project: Path) -> Path:
        """Return the run's folder on this machine."""
        return self.local_folder or Layout(project).remote_runs / self.run_id
