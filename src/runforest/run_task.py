"""RunTask: a Luigi task whose outputs are artifacts of a run."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
import traceback
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import luigi
from luigi.task import flatten
from luigi.task_register import Register

from runforest.fingerprint.ingredients import collect_ingredients, fingerprint_of
from runforest.foundation.errors import Problem, cause_raised
from runforest.results.artifacts import (
    Artifact,
    artifact_name,
    collect_outputs,
    commit,
    find_empty_folders,
    staging,
)
from runforest.results.index import Result, adopt_result, open_index
from runforest.results.manifest import Manifest, is_complete, read_manifest
from runforest.run.active import Run, RunParameter, folder_name
from runforest.run.events import TaskCommitted, TaskFailed, now_ms
from runforest.run.luigi_config import load_luigi_config
from runforest.run.task_log import TaskLog, reused_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path, PurePath

TaskT = TypeVar("TaskT", bound="RunTask")


class RunTask(TaskLog, luigi.Task):
    """Base of all tasks of an experiment.

    A subclass has parameters, declares its outputs in `output()` and the tasks that it needs in
    `requires()` (or with `@requires`), and does its work in `compute()`. Inside `compute()` the
    outputs lie in an empty staging folder; what was written there becomes the task's result when
    `compute()` returns, all of it or nothing.
    """

    active_run = RunParameter(description="The run whose artifacts this task makes.")

    is_wrapper = False
    _staging: Path | None = None  # the folder of a result while it is being computed

    def compute(self) -> None:
        """Write the declared outputs; every subclass with outputs overrides this."""

    def problems(self) -> Iterable[Problem]:
        """Return what is wrong with the parameters; called before a run is opened."""
        return ()

    def problem(self, key: str, message: str) -> Problem:
        """Return a problem with one of this task's parameters."""
        return Problem(where=f"[{self.get_task_family()}]", key=key, message=message)

    def input(self) -> Any:  # noqa: ANN401 - has the shape of what requires() returns
        """Return the artifacts of the required tasks, in the shape that `requires()` has."""
        return super().input()  # type: ignore[no-untyped-call]

    def artifact(self, name: str | PurePath, *, is_volatile: bool = False) -> Artifact:
        """Return an artifact of this task's result, a file or folder below the task's folder.

        The content of one `is_volatile` differs between equal computations (a timing, a date);
        what comes downstream does not depend on it.
        """
        folder = self._staging or self.result_folder
        return Artifact(folder, artifact_name(name), is_volatile=is_volatile)

    @overload
    def need(self, task: type[TaskT], **params: object) -> TaskT: ...
    @overload
    def need(self, task: str, **params: object) -> RunTask: ...
    def need(self, task: type[RunTask] | str, **params: object) -> RunTask:
        """Return an instance of another task in the same run, given by its class or its name."""
        found: Any = Register.get_task_cls(task) if isinstance(task, str) else task
        return cast("RunTask", found(active_run=self.active_run, **params))

    @cached_property
    def folder_name(self) -> str:
        """Name of the result's folder, which two different instances never share."""
        return folder_name(self)

    @cached_property
    def required(self) -> list[RunTask]:
        """The tasks that `requires()` returns, in order; it is called once."""
        return list(flatten(self.requires()))

    @cached_property
    def upstream(self) -> list[RunTask]:
        """The tasks whose results this one reads: those behind a wrapper instead of it."""
        found = [task.upstream if task.is_wrapper else [task] for task in self.required]
        return [task for tasks in found for task in tasks]

    @property
    def result_folder(self) -> Path:
        """Folder of the committed result: pinned in [PathConfig], or in the run."""
        name = self.folder_name
        return self.active_run.pinned(name) or self.active_run.artifacts / name

    @property
    def is_forced(self) -> bool:
        """Whether an earlier result must not be taken, by --force or `reuse = false`."""
        settings = self.active_run.settings
        return not settings.is_reusing or self.folder_name in settings.forced

    def ingredients(self) -> dict[str, dict[str, str]]:
        """Return what this task's result depends on; upstream has to be complete."""
        manifests = [read_manifest(task.result_folder) for task in self.upstream]
        return collect_ingredients(self, filter(None, manifests), self.active_run.project)

    def deps(self) -> list[RunTask]:
        """Return the tasks to run before this one."""
        return self.required

    def complete(self) -> bool:
        """Return whether a manifest says that the result is complete."""
        return is_complete(self.result_folder)

    @classmethod
    @cache
    def get_params(cls) -> list[tuple[str, luigi.Parameter[Any]]]:
        """Return names and parameters; Luigi looks through the whole class at every call."""
        return list(super().get_params())  # type: ignore[no-untyped-call]

    def run(self) -> None:
        """Take an equal result of any run, or compute one."""
        try:
            with cause_raised(KeyboardInterrupt):
                self._adopt_or_compute()
        except Exception:  # border: compute() is the user's code; recorded, raised again
            text = traceback.format_exc()
            self.active_run.journal.append(TaskFailed(task=self.folder_name, traceback=text))
            raise
        except KeyboardInterrupt:
            if multiprocessing.parent_process():
                # The main process prints that; a worker's traceback would only alarm.
                shutil.rmtree(self.active_run.staging / self.folder_name, ignore_errors=True)
                os._exit(130)  # as the program does
            raise

    def __reduce__(self) -> tuple[object, ...]:
        """Return how another process makes the same task, which finds those before it by name."""
        return _revive, (type(self), self.param_kwargs, _modules(self))

    def _adopt_or_compute(self) -> None:
        run, ingredients = self.active_run, self.ingredients()
        fingerprint = fingerprint_of(ingredients)
        index = open_index(run.project)
        # Of two runs that need the same result, one computes it and the other waits.
        with index.lock(fingerprint, self.folder_name):
            found = None if self.is_forced else index.find(fingerprint, run.source).result
            if found:
                self.adopt(found, run)
            else:
                index.add(self.result_folder, self._compute(ingredients, fingerprint))

    def adopt(self, result: Result, run: Run) -> Manifest:
        """Make an equal result this task's own in a run; return its manifest."""
        name = self.folder_name
        folder = run.artifacts / name
        manifest = adopt_result(result, run.staging / name, folder, run.settings.run_id)
        open_index(run.project).add(folder, manifest)
        run.journal.append(reused_event(manifest, folder))
        return manifest

    def _compute(self, ingredients: dict[str, dict[str, str]], fingerprint: str) -> Manifest:
        settings = self.active_run.settings
        with staging(self.active_run.staging / self.folder_name) as folder:
            self._staging = folder
            try:
                self._start_log()
                started_ms, clock = now_ms(), time.perf_counter()
                self.compute()
                history = self.saved_history(folder)
                declared = [*flatten(self.output()), *history]
            finally:
                self._staging = None
            manifest = Manifest(
                task=self.get_task_family(),
                fingerprint=fingerprint,
                ingredients=ingredients,
                outputs=collect_outputs(folder, declared),
                empty_folders=find_empty_folders(folder),
                metrics=self.logged_metrics,
                params=self.logged_params,
                has_history=bool(history),
                has_trials=self.has_trials,
                started_ms=started_ms,
                duration_s=time.perf_counter() - clock,
                run_id=settings.run_id,
                commit=settings.commit,
                is_dirty=settings.is_dirty,
            )
            commit(folder, self.result_folder, manifest)
        duration_s, name = manifest.duration_s, self.folder_name
        event = TaskCommitted(task=name, duration_s=duration_s, fingerprint=fingerprint)
        self.active_run.journal.append(event)
        return manifest


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
        def needs(self: TaskT) -> RunTask | list[RunTask]:
            needed = [self.need(task) for task in tasks]
            return needed[0] if len(needed) == 1 else needed

        setattr(cls, "requires", needs)  # noqa: B010 - a method, as Luigi's decorator sets it
        return cls

    return decorate


def _modules(task: RunTask) -> set[str]:
    return {type(task).__module__}.union(*map(_modules, task.required))


def _revive(cls: Callable[..., RunTask], params: dict[str, Any], modules: set[str]) -> RunTask:
    list(map(import_module, modules))  # with them their parameters, which read the configuration
    load_luigi_config(params["active_run"].settings.config_file)
    return cls(**params)
