"""An experiment: the configuration read, completed and checked, before any run exists."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from luigi.task_register import Register, TaskClassAmbigiousException

from runforest.config.check import CheckedTables, check_tables, task_names
from runforest.config.effective import Tables, effective_tables
from runforest.config.read import Layers, read_layers
from runforest.config.resolve import ResolvedDataset, resolve_dataset
from runforest.errors import ArtifactError, ConfigError, Problem
from runforest.launch.graph import root_task, task_problems, walk_graph
from runforest.luigi_config import use_luigi_config
from runforest.manifest import read_manifest
from runforest.parameters import ImportPathParameter, shared_source
from runforest.results import ResultIndex
from runforest.reuse.plan import PlannedTask, make_plan
from runforest.run import Run, RunSettings

if TYPE_CHECKING:
    from runforest.config.environment import Environment
    from runforest.config.model import RunConfig
    from runforest.launch.options import Options
    from runforest.run_task import RunTask

TASKS_PACKAGE = "tasks"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A sound experiment; `tasks` is its graph, upstream first, on a run yet to be opened."""

    environment: Environment
    layers: Layers
    config: RunConfig
    tables: Tables
    dataset: ResolvedDataset
    pins: dict[str, str]
    tasks: list[RunTask]
    plan: list[PlannedTask]
    settings: RunSettings


def load_experiment(options: Options, environment: Environment) -> Experiment:
    """Read and check everything.

    Raises
    ------
    ConfigError
        With every mistake that can be found without running a task.
    """
    files = [Path(file).resolve() for file in options.config] or [environment.config_file]
    layers = read_layers(files, options.settings, environment.config_parser)
    import_tasks(environment.project)
    checked = check_tables(layers)
    dataset = (
        resolve_dataset(checked.dataset, checked.paths, environment.project)
        if checked.has_dataset
        else ResolvedDataset()
    )
    pins, pin_problems = _resolve_pins(checked, layers, environment.project)
    tables = effective_tables(checked, dataset.dataset, environment.project)
    use_luigi_config(tables)
    problems = checked.problems + pin_problems
    settings = RunSettings(
        project=str(environment.project),
        pins=pins,
        dataset=dataset.facts,
        is_reusing=checked.run.reuse,
        forced=(*options.force, *options.force_downstream),
    )
    planned = Run(Path("planned"), settings)
    tasks: list[RunTask] = []
    for family in _families(checked):
        tasks, found = _plan(family, planned, layers, dataset, problems)
        problems += found
    if problems:
        raise ConfigError(problems)
    return Experiment(
        environment=environment,
        layers=layers,
        config=checked.run,
        tables=tables,
        dataset=dataset,
        pins=pins,
        tasks=tasks,
        plan=make_plan(tasks, ResultIndex(planned.store)),
        settings=settings,
    )


def import_tasks(project: Path) -> None:
    """Import the project's tasks, which registers them.

    Raises
    ------
    ConfigError
        A module of theirs cannot be imported, or two tasks have one name.
    """
    source = str(project / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    try:
        importlib.import_module(TASKS_PACKAGE)
    except Exception as error:  # border: this is the user's code
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if source in frame.filename
        ]
        at = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else source
        text = str(error)
        if isinstance(error, SyntaxError):
            at, text = f"{error.filename}, line {error.lineno}", error.msg
        message = f"cannot be imported: {type(error).__name__}: {text} ({at}). Correct that line."
        raise ConfigError([Problem(where="src/tasks", message=message)]) from error
    for name in Register.task_names():
        try:
            Register.get_task_cls(name)
        except TaskClassAmbigiousException:
            message = f"two tasks are named {name}. Rename one of them."
            raise ConfigError([Problem(where="src/tasks", message=message)]) from None


def _families(checked: CheckedTables) -> list[str]:
    """Return the task to complete; when it is unknown all that have a table, to find more mistakes."""
    known = task_names()
    if checked.run.task in known:
        return [checked.run.task]
    return [name for name in checked.tasks if name in known]


def _plan(
    family: str,
    planned: Run,
    layers: Layers,
    dataset: ResolvedDataset,
    known_problems: list[Problem],
) -> tuple[list[RunTask], list[Problem]]:
    """Return the graph and its problems; the data set's count when a task uses the data set.

    What follows from a known problem is left out: a key that is wrong already, and tasks whose
    estimator is.
    """
    try:
        root = root_task(family, planned)
        tasks = walk_graph(root, is_leaf=lambda task: planned.pinned(task.folder_name) is not None)
    except ConfigError as error:
        found = [*error.problems, *dataset.problems]
        return [], [_placed(problem, layers) for problem in found]
    computed = [task for task in tasks if planned.pinned(task.folder_name) is None]
    uses_dataset = any(_uses_dataset(task) for task in computed)
    found = list(dataset.problems) if uses_dataset else []
    blamed = {(problem.where, problem.key) for problem in known_problems}
    if dataset.dataset or not uses_dataset:
        found += task_problems(
            [task for task in computed if not _is_doubtful(task, layers, blamed)]
        )
    placed = [_placed(problem, layers) for problem in found]
    return tasks, [
        problem
        for problem in placed
        if (problem.where, problem.key.partition(".")[0]) not in blamed
    ]


def _placed(problem: Problem, layers: Layers) -> Problem:
    """Return the problem with the file before its `[Table]`."""
    if not problem.where.startswith("["):
        return problem
    return dataclasses.replace(problem, where=layers.where(problem.where.strip("[]"), problem.key))


def _is_doubtful(task: RunTask, layers: Layers, blamed: set[tuple[str, str]]) -> bool:
    """Return whether the estimator that the task's other values are checked against is wrong."""
    sources = {
        source
        for name, parameter in task.get_params()
        if isinstance(parameter, ImportPathParameter)
        for source in [(task.get_task_family(), name), shared_source(parameter)]
        if source
    }
    return any((layers.where(table, key), key) in blamed for table, key in sources)


def _uses_dataset(task: RunTask) -> bool:
    sources = (shared_source(parameter) for _, parameter in task.get_params())
    return any(source and source[0] == "Dataset" for source in sources)


def _resolve_pins(
    checked: CheckedTables, layers: Layers, project: Path
) -> tuple[dict[str, str], list[Problem]]:
    """Return task folder -> result folder for the pins; URIs are kept for a later download."""
    pins, problems = {}, []
    for name, value in (checked.paths.model_extra or {}).items():
        if "://" in value or value.startswith("runs:/"):
            pins[name] = value
            continue
        folder = (project / Path(value).expanduser()).resolve()
        message = (
            _pin_problem(name.partition("-")[0], folder)
            if value
            else "is empty. Name the folder of a result, or take the key out."
        )
        if message:
            problems.append(
                Problem(where=layers.where("PathConfig", name), key=name, message=message)
            )
        pins[name] = str(folder)
    return pins, problems


def _pin_problem(family: str, folder: Path) -> str | None:
    try:
        manifest = read_manifest(folder)
    except ArtifactError as error:
        return str(error)
    if manifest is None:
        what = (
            "has no manifest.json, so it is not a complete result"
            if folder.is_dir()
            else ("does not exist")
        )
        return f"{folder} {what}. Name the task's folder in the artifacts of a run."
    if manifest.task != family and family in Register.task_names():
        return f"{folder} is a result of {manifest.task}. Name a folder of {family}."
    return None
