"""RunTask: a Luigi task whose outputs are artifacts of a run."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Generator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import luigi
from luigi.task import flatten
from luigi.task_register import Register

from runforest.errors import ArtifactError, Problem, cause_raised, kind_and_text
from runforest.fingerprint.ingredients import collect_ingredients, fingerprint_of
from runforest.results.artifacts import (
    Artifact,
    artifact_name,
    collect_outputs,
    commit,
    find_empty_folders,
    make_empty,
)
from runforest.results.index import Result, adopt_result, open_index
from runforest.results.manifest import Manifest, is_complete, read_manifest
from runforest.run.active import Run, RunParameter
from runforest.run.events import TaskCommitted, TaskFailed
from runforest.run.luigi_config import load_luigi_config
from runforest.run.task_folder import folder_name
from runforest.run.task_log import TaskLog, reused_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path, PurePath

EXIT_INTERRUPTED = 130

TaskT = TypeVar("TaskT", bound="RunTask")


class RunTask(TaskLog, luigi.Task):
    """Base of all tasks of an experiment.

    A subclass has parameters, says its outputs in `output()`, its upstream tasks in `requires()`
    (or with `@requires`), and does its work in `compute()`. Inside `compute()` the outputs lie in
    an empty staging folder; what was written there becomes the task's result when `compute()`
    returns, all of it or nothing.
    """

    active_run = RunParameter(description="The run whose artifacts this task makes.")

    is_wrapper = False
    _staging = None  # the folder of a result while it is being computed

    def compute(self) -> None:
        """Write the declared outputs; every subclass with outputs overrides this."""

    def problems(self) -> Iterable[Problem]:
        """Return what is wrong with the parameters; asked before a run is opened."""
        return ()

    def problem(self, key: str, message: str) -> Problem:
        """Return a problem with one of this task's parameters."""
        return Problem(where=f"[{self.get_task_family()}]", key=key, message=message)

    def input(self) -> Any:  # noqa: ANN401 - has the shape of what requires() returns
        """Return the artifacts of the required tasks, in the shape that `requires()` has."""
        return super().input()  # type: ignore[no-untyped-call]

    def artifact(self, name: str | PurePath, *, is_volatile: bool = False) -> Artifact:
        """Return an artifact of this task's result.

        Parameters
        ----------
        name
            File or folder name, relative to the task's folder.
        is_volatile
            The content differs between equal computations (a timing, a date); what comes
            downstream does not depend on it.

        Raises
        ------
        ArtifactError
            The name leads out of the folder, or is that of a file of the engine.
        """
        folder = self._staging or self.result_folder
        return Artifact(folder, artifact_name(name), is_volatile=is_volatile)

    @overload
    def need(self, task: type[TaskT], **params: object) -> TaskT: ...
    @overload
    def need(self, task: str, **params: object) -> RunTask: ...
    def need(self, task: type[RunTask] | str, **params: object) -> RunTask:
        """Return an instance of another task in the same run, given by its class or its name."""
        found = Register.get_task_cls(task) if isinstance(task, str) else task
        made: RunTask = _make(found, {"active_run": self.active_run, **params})
        return made

    @classmethod
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """Return names and parameters; Luigi looks through the whole class at every call."""
        return _params_of(cls)

    @cached_property
    def folder_name(self) -> str:
        """Name of the result's folder, which two different instances never share."""
        return folder_name(self)

    @cached_property
    def required(self) -> list[RunTask]:
        """The tasks that `requires()` gives, in order; it is asked once."""
        return list(flatten(self.requires()))

    def deps(self) -> list[RunTask]:
        """Return the required tasks; Luigi schedules these."""
        return self.required

    @property
    def result_folder(self) -> Path:
        """Folder of the committed result: pinned in [PathConfig], or in the run."""
        return self.active_run.pinned(self.folder_name) or self.run_folder

    @cached_property
    def run_folder(self) -> Path:
        """Folder of the result in the run's artifacts."""
        return self.active_run.artifacts / self.folder_name

    def complete(self) -> bool:
        """Return whether a manifest says that the result is complete."""
        return is_complete(self.result_folder)

    @property
    def is_forced(self) -> bool:
        """Whether an earlier result must not be taken, by --force or `reuse = false`."""
        settings = self.active_run.settings
        return not settings.is_reusing or self.folder_name in settings.forced

    def run(self) -> None:
        """Take an equal result of any run, or compute one; Luigi calls this in order."""
        try:
            with cause_raised(KeyboardInterrupt):
                self._adopt_or_compute()
        except Exception as error:  # border: compute() is the user's code; recorded, raised again
            self.active_run.journal.append(
                TaskFailed(
                    task=self.folder_name,
                    traceback=traceback.format_exc(),
                    reason=kind_and_text(error),
                )
            )
            raise
        except KeyboardInterrupt:
            if multiprocessing.parent_process():
                # The main process tells the person; a worker's traceback would only alarm.
                shutil.rmtree(self._staging_folder, ignore_errors=True)
                os._exit(EXIT_INTERRUPTED)
            raise

    def _adopt_or_compute(self) -> None:
        ingredients = self.ingredients()
        fingerprint = fingerprint_of(ingredients)
        index = open_index(self.active_run.project)
        # Of two runs that need the same result, one computes it and the other waits.
        with index.lock(fingerprint, self.folder_name):
            source = self.active_run.source
            found = None if self.is_forced else index.find_anywhere(fingerprint, source).result
            if found:
                self.adopt(found, self.active_run)
            else:
                manifest = self._compute(ingredients, fingerprint)
                index.add(self.run_folder, manifest)

    def ingredients(self) -> dict[str, dict[str, str]]:
        """Return what this task's result depends on; upstream has to be complete."""
        project = self.active_run.project
        return collect_ingredients(self, project, lambda task: read_manifest(task.result_folder))

    def adopt(self, result: Result, run: Run) -> Manifest:
        """Make an equal result this task's own in a run; return its manifest."""
        name = self.folder_name
        folder = run.artifacts / name
        manifest = adopt_result(result, run.staging / name, folder, run.settings.run_id)
        open_index(run.project).add(folder, manifest)
        run.journal.append(reused_event(manifest, folder))
        return manifest

    @property
    def _staging_folder(self) -> Path:
        return self.active_run.staging / self.folder_name

    def _compute(self, ingredients: dict[str, dict[str, str]], fingerprint: str) -> Manifest:
        staging = self._staging_folder
        make_empty(staging)
        self._staging = staging
        try:
            self._start_log()
            started_ms, clock = time.time_ns() // 1_000_000, time.perf_counter()
            returned: object = self.compute()  # type: ignore[func-returns-value]
            if isinstance(returned, Awaitable | Generator | AsyncGenerator):
                message = (
                    f"compute() returned {type(returned).__name__} whose body has not run. Call "
                    "asyncio.run() on a coroutine, and list() on a generator."
                )
                raise ArtifactError(message)
            outputs = collect_outputs(
                staging, [*flatten(self.output()), *self.saved_history(staging)]
            )
            manifest = Manifest(
                task=self.get_task_family(),
                fingerprint=fingerprint,
                ingredients=ingredients,
                outputs=outputs,
                empty_folders=find_empty_folders(staging),
                metrics=self.logged_metrics,
                params=self.logged_params,
                has_history=self.has_history,
                has_trials=self.has_trials,
                started_ms=started_ms,
                duration_s=time.perf_counter() - clock,
                run_id=self.active_run.settings.run_id,
                commit=self.active_run.settings.commit,
                is_dirty=self.active_run.settings.is_dirty,
            )
            commit(staging, self.run_folder, manifest)
        finally:
            self._staging = None
            shutil.rmtree(staging, ignore_errors=True)
        self.active_run.journal.append(
            TaskCommitted(
                task=self.folder_name, duration_s=manifest.duration_s, fingerprint=fingerprint
            )
        )
        return manifest

    def __reduce__(self) -> tuple[object, ...]:
        """Return how another process makes the same task: class, parameters, configuration."""
        return _revive, (type(self), self.param_kwargs)


class WrapperRunTask(RunTask):
    """A task without outputs of its own: complete when all that it requires is."""

    is_wrapper = True

    def complete(self) -> bool:
        """Return whether all required tasks are complete."""
        return all(task.complete() for task in self.required)

    def run(self) -> None:
        """Do nothing: the required tasks have done the work."""


def requires(*tasks: type[RunTask]) -> Callable[[type[TaskT]], type[TaskT]]:
    """Let a task require others of the same run; one gives a task, several a list of tasks.

    Only the run is handed on. Luigi's decorator of this name copies every parameter that both
    tasks happen to have, so a seed would leak from one task into another.
    """

    def decorate(cls: type[TaskT]) -> type[TaskT]:
        def required(self: TaskT) -> RunTask | list[RunTask]:
            needed = [self.need(task) for task in tasks]
            return needed[0] if len(needed) == 1 else needed

        setattr(cls, "requires", required)  # noqa: B010 - a method, as Luigi's decorator sets it
        return cls

    return decorate


@cache
def _params_of(cls: type[RunTask]) -> list[tuple[str, luigi.Parameter[Any]]]:
    return list(super(RunTask, cls).get_params())  # type: ignore[no-untyped-call]


def _revive(cls: type[TaskT], params: dict[str, Any]) -> TaskT:
    run = params["active_run"]
    load_luigi_config(run.settings.config_file)
    return _make(cls, params)


def _make(cls: type[TaskT], params: dict[str, Any]) -> TaskT:
    return cast("Callable[..., TaskT]", cls)(**params)
