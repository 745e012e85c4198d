"""A run as its tasks see it: a folder, and what was decided when it was opened."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
from luigi.cmdline_parser import CmdlineParser

from runforest.foundation.errors import ArtifactError
from runforest.foundation.layout import ARTIFACTS, JOURNAL, SETTINGS, STAGING, Layout
from runforest.results.digests import text_digest
from runforest.run.journal import Journal

if TYPE_CHECKING:
    from runforest.results.index import ResultSource

_MAX_LENGTH = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,-]")


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What is known of the data set before any task runs, for checking parameters against it."""

    train_columns: tuple[str, ...] = ()
    test_columns: tuple[str, ...] = ()
    has_test: bool = True
    left_out: tuple[str, ...] = ()
    """Columns of the training file that the test file lacks and the tables do not have."""
    n_rows: int = 0
    n_target_values: int = 0
    smallest_class: int = 0
    """Training rows of the target's rarest value."""
    n_groups: int = 0
    n_times: int = 0
    """Different values of the columns `group` and `time`; like the rows, without held-out ones."""
    group: str = ""
    time: str = ""
    target_low: float | None = None
    """The least value of a target of numbers."""
    is_kind_guessed: bool = False
    """Whether classes or a quantity was inferred from the target's values."""


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every process that works for a run has to know."""

    project: str
    run_id: str = ""
    config_file: str = ""
    page: str = ""
    commit: str = ""
    is_dirty: bool = False
    pins: dict[str, str] = field(default_factory=dict)
    dataset: DatasetFacts = field(default_factory=DatasetFacts)
    is_reusing: bool = True
    forced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One execution of an experiment.

    Its folder holds `artifacts/` (what the run's page shows), `staging/` (what is being
    computed), the journal and the settings. Two runs are equal when their folders are.
    """

    folder: Path
    settings: RunSettings = field(compare=False, repr=False)
    source: ResultSource | None = field(default=None, compare=False, repr=False)
    """Results of a store that others write to, None where the project's index is all there is."""

    @cached_property
    def artifacts(self) -> Path:
        """Folder of the run's artifacts."""
        return self.folder / ARTIFACTS

    @cached_property
    def staging(self) -> Path:
        """Folder of the results that are being computed; on the same file system."""
        return self.folder / STAGING

    @cached_property
    def journal_path(self) -> Path:
        """File of the run's journal."""
        return self.folder / JOURNAL

    @cached_property
    def journal(self) -> Journal:
        """Writing end of the run's journal."""
        return Journal(self.journal_path)

    @cached_property
    def project(self) -> Path:
        """Folder of the project, whose code counts for the results."""
        return Path(self.settings.project)

    @cached_property
    def layout(self) -> Layout:
        """Where the project has its results, caches and index."""
        return Layout(self.project)

    def pinned(self, task_folder: str) -> Path | None:
        """Return the folder to which [PathConfig] pins a task's result, if it does."""
        folder = self.settings.pins.get(task_folder)
        return Path(folder) if folder else None

    def save(self) -> None:
        """Write the settings into the folder, where other processes find them."""
        self.artifacts.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(self.settings), indent=2)
        (self.folder / SETTINGS).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Return the run of a folder; ArtifactError if it is not that of a run."""
        path = folder / SETTINGS
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            content["dataset"] = DatasetFacts(**content["dataset"])
            settings = RunSettings(**content)
        except (OSError, ValueError, TypeError) as error:
            message = f"{folder} is not the folder of a run ({error}). Start tasks with runner.py."
            raise ArtifactError(message) from error
        return cls(folder, settings)


def folder_name(task: luigi.Task) -> str:
    """Return the task's family, and what sets the instance apart from the configured one.

    `Trainer` when all significant parameters are as the configuration says, else for instance
    `Trainer-seed=1`. Names that would be long or have unusual characters end in a digest.
    """
    family = str(task.get_task_family())
    differing = [
        f"{name}={parameter.serialize(task.param_kwargs[name])}"
        for name, parameter in task.get_params()
        if name != "active_run" and parameter.significant and not _is_configured(task, name)
    ]
    if not differing:
        return family
    label = ",".join(differing)
    safe = _UNSAFE.sub("-", label)
    if safe != label or len(safe) > _MAX_LENGTH:
        safe = f"{safe[:_MAX_LENGTH]}-{text_digest(label)[:8]}"
    return f"{family}-{safe}"


def _is_configured(task: luigi.Task, name: str) -> bool:
    family = task.get_task_family()
    parameter = getattr(type(task), name)
    return parameter.has_task_value(family, name) and bool(
        parameter.task_value(family, name) == task.param_kwargs[name]
    )


def how_to_run(task_name: str) -> str:
    """Return what to do with a task that was made without a run."""
    return (
        f"{task_name} is made without a run. In a task write `self.need({task_name}, ...)`. "
        f"To run it: python src/runner.py --set RunConfig.task={task_name}"
    )


class RunParameter(luigi.Parameter[Run]):
    """The Luigi parameter that carries a run; its text is the run's folder."""

    def has_task_value(self, task_name: str, param_name: str) -> bool:  # noqa: ARG002  Luigi's.
        """Return that no configuration and no default has a run; end the command `luigi`."""
        if CmdlineParser.get_instance():
            raise SystemExit(how_to_run(task_name))
        return False

    def parse(self, x: object) -> Run:
        """Return the run of a folder's path."""
        return Run.open(Path(str(x)))

    def serialize(self, x: object) -> str:
        """Return the path of the run's folder."""
        return str(x.folder) if isinstance(x, Run) else str(x)
