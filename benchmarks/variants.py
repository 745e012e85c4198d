"""Who runs the pipeline, prepared in a folder each: this project, a plain script, the peers."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.environments import peer_environment
from benchmarks.machine import versions_in
from benchmarks.measure import Usage, clean_environment, measure, prepare
from benchmarks.peer_table import PEER_TABLE, PLAIN, Peer
from benchmarks.workspace import (
    PEERS,
    PROJECT,
    Workspace,
    commit_all,
    copy_project,
    create_store,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CREATE_STORE = (
    "import mlflow; mlflow.set_tracking_uri('sqlite:///mlflow.db'); mlflow.search_experiments()"
)


@dataclass(kw_only=True)
class Variant:
    """A prepared way to run the pipeline: it can be run, and put back to before its first run."""

    name: str
    version: str
    space: Workspace
    environment: dict[str, str]
    command: tuple[str, ...]
    change_seed: Callable[[], tuple[str, ...]]
    options: tuple[str, ...] = field(default=())

    def reset(self) -> None:
        """Forget all runs."""
        self.space.put_back("new")
        self.options = ()

    def run(self, *options: str) -> Usage:
        """Run the pipeline once."""
        return measure(
            [*self.command, *self.options, *options], self.space.folder, self.environment
        )


def runforest_variant(root: Path, experiment: str) -> Variant:
    """Return this project, with its own tasks."""
    space = Workspace(root, "runforest")
    copy_project(space.folder)
    commit_all(space.folder)
    create_store(space.folder)
    space.keep("new")
    reuse = ("--set", "RunConfig.reuse=true")
    return Variant(
        name="Runforest",
        version="",
        space=space,
        environment=clean_environment(),
        command=(sys.executable, "src/runner.py", "--config", experiment, *reuse),
        change_seed=lambda: ("--set", "Trainer.seed=1"),
    )


def plain_variant(root: Path) -> Variant:
    """Return the plain script, in the environment of this project."""
    return _variant(root, PLAIN, Path(sys.executable).parent, version="")


def peer_variants(root: Path) -> list[Variant]:
    """Return the peers whose environments could be made."""
    found = [(peer, peer_environment(peer.name)) for peer in PEER_TABLE]
    return [
        _variant(root, peer, folder, version=versions_in(folder / "python", _package(peer)))
        for peer, folder in found
        if folder
    ]


def _package(peer: Peer) -> str:
    return {"kedro": "kedro-mlflow"}.get(peer.name, peer.name)


def _variant(root: Path, peer: Peer, programs: Path, *, version: str) -> Variant:
    space = Workspace(root, peer.name)
    folder = space.folder
    shutil.copytree(PEERS / peer.name, folder)
    shutil.copy2(PEERS / "steps.py", folder / peer.steps)
    (folder / "out").mkdir()
    (folder / "data").mkdir()
    for name in ("train.csv", "test.csv"):
        shutil.copy2(PROJECT / "input" / "titanic" / name, folder / "data")
    environment = clean_environment(
        ZENML_CONFIG_PATH=str(folder / ".zenml"),
        ZENML_LOGGING_VERBOSITY="WARN",
        METAFLOW_DATASTORE_SYSROOT_LOCAL=str(folder),
    )
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    python = str(programs / "python")
    prepare([python, "-c", CREATE_STORE], folder, environment)
    prepare([python, "-m", "compileall", "-q", "."], folder, environment)
    for command in peer.setup:
        prepare([*command], folder, environment)
    space.keep("new")

    def change_seed() -> tuple[str, ...]:
        if peer.seed_edit:
            name, old, new = peer.seed_edit
            text = (folder / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace(old, new), encoding="utf-8")
        return peer.seed_options

    return Variant(
        name=peer.name,
        version=version,
        space=space,
        environment=environment,
        command=peer.command,
        change_seed=change_seed,
    )
