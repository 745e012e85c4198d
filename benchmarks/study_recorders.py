"""Who records the trials of a study: Runforest, and Optuna's and Hydra's ways to MLflow."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmarks.environments import peer_environment
from benchmarks.machine import versions_in
from benchmarks.measure import clean_environment, measure, prepare
from benchmarks.store_watch import StoreWatch
from benchmarks.timeline import Timeline, read_timeline
from benchmarks.tuner_project import Study, TunerProject
from benchmarks.variants import CREATE_STORE
from benchmarks.workspace import PEERS, Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.tracking_server import TrackingServer

RUNFOREST, CALLBACK = "Runforest", "MLflowCallback"
NESTED, HYDRA = "start_run(nested=True)", "hydra-optuna-sweeper"


class StudyRecorder(Protocol):
    """A way to run a study of a trivial objective, recorded or not."""

    version: str

    def untracked(self, sampler: str, n_trials: int) -> Timeline:
        """Run the study without a record."""

    def tracked(self, sampler: str, n_trials: int, server: TrackingServer | None) -> Timeline:
        """Run it with one, in a new local SQLite file or on a server."""


@dataclass(kw_only=True)
class RunforestRecorder:
    """The tuner, and its study alone; the cross-validation of tiny tables is in both."""

    project: TunerProject
    version: str = ""

    def untracked(self, sampler: str, n_trials: int) -> Timeline:
        """Run the study without a run."""
        return self.project.untracked(Study(n_trials=n_trials, sampler=sampler))

    def tracked(self, sampler: str, n_trials: int, server: TrackingServer | None) -> Timeline:
        """Run the whole experiment."""
        return self.project.tracked(Study(n_trials=n_trials, sampler=sampler), server)


@dataclass(kw_only=True)
class PeerRecorder:
    """A peer's script in a folder with an empty store; a study has an experiment of its own."""

    space: Workspace
    python: str
    version: str
    n_studies: int = 0

    def tracked(self, sampler: str, n_trials: int, server: TrackingServer | None) -> Timeline:
        """Run the script and watch the store."""
        self.space.put_back("new")
        self.n_studies += 1
        experiment = f"{self.space.folder.name}-{self.n_studies}"
        database = server.database if server else self.space.folder / "mlflow.db"
        uri = server.url if server else f"sqlite:///{database}"
        with StoreWatch(database, experiment) as watch:
            self.run(self.command(sampler, n_trials, uri, experiment))
        return watch.timeline(n_trials)

    def run(self, command: list[str]) -> None:
        """Run a command in the folder."""
        measure([self.python, *command], self.space.folder, clean_environment())

    def command(self, sampler: str, n_trials: int, uri: str, experiment: str) -> list[str]:
        """Return the arguments of a recorded study."""
        raise NotImplementedError


@dataclass(kw_only=True)
class OptunaRecorder(PeerRecorder):
    """One of Optuna's ways."""

    how: str

    def untracked(self, sampler: str, n_trials: int) -> Timeline:
        """Run a plain study in memory."""
        self.run(["study.py", "untracked", sampler, str(n_trials), "", "", "result.json"])
        return read_timeline(self.space.folder / "result.json", n_trials=n_trials)

    def command(self, sampler: str, n_trials: int, uri: str, experiment: str) -> list[str]:
        """Return the arguments of a recorded study."""
        return ["study.py", self.how, sampler, str(n_trials), uri, experiment, ""]


@dataclass(kw_only=True)
class HydraRecorder(PeerRecorder):
    """Hydra's sweeper, with MLflow in the job."""

    def untracked(self, sampler: str, n_trials: int) -> Timeline:
        """Run a sweep without MLflow."""
        self.space.put_back("new")
        self.run(self.command(sampler, n_trials, "", ""))
        lines = (self.space.folder / "times.txt").read_text(encoding="utf-8").splitlines()
        started, *_ = (float(line.split()[0]) for line in lines)
        ended = tuple(float(line.split()[1]) for line in lines)
        return Timeline(started=started, landed=ended[0], ended=ended)

    def command(self, sampler: str, n_trials: int, uri: str, experiment: str) -> list[str]:
        """Return the arguments of a sweep."""
        settings = [f"hydra/sweeper/sampler={sampler}", f"hydra.sweeper.n_trials={n_trials}"]
        return ["sweep.py", "--multirun", f"uri={uri}", f"experiment={experiment}", *settings]


def study_recorders(root: Path) -> dict[str, StudyRecorder]:
    """Return all whose environments could be made."""
    found: dict[str, StudyRecorder] = {RUNFOREST: RunforestRecorder(project=TunerProject(root))}
    optuna = peer_environment("tuner/optuna")
    if optuna:
        version = versions_in(optuna / "python", "optuna-integration")
        python = str(optuna / "python")
        for name, how in ((CALLBACK, "callback"), (NESTED, "nested")):
            space = _peer_space(root, "optuna", how, python)
            found[name] = OptunaRecorder(space=space, python=python, version=version, how=how)
    hydra = peer_environment("tuner/hydra")
    if hydra:
        names = ("hydra-optuna-sweeper", "optuna")
        version = " with ".join(versions_in(hydra / "python", name) for name in names)
        python = str(hydra / "python")
        space = _peer_space(root, "hydra", "hydra", python)
        found[HYDRA] = HydraRecorder(space=space, python=python, version=version)
    return found


def _peer_space(root: Path, peer: str, name: str, python: str) -> Workspace:
    space = Workspace(root, name)
    shutil.copytree(PEERS / "tuner" / peer, space.folder)
    prepare([python, "-c", CREATE_STORE], space.folder, clean_environment())
    space.keep("new")
    return space
