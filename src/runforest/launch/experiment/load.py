"""An experiment: the configuration read, completed and checked, before any run exists."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.check import CheckedTables, check_tables, task_names
from runforest.config.effective import Tables, effective_tables
from runforest.config.read import Layers, read_layers
from runforest.config.resolve import ResolvedDataset, resolve_dataset
from runforest.foundation.errors import ConfigError, Problem, did_you_mean
from runforest.foundation.layout import Layout
from runforest.launch.experiment.graph import output_problems, root_task, walk_graph
from runforest.launch.experiment.pins import local_pins, resolve_pins, unmatched_pins
from runforest.launch.experiment.project_tasks import import_tasks
from runforest.launch.experiment.task_checks import check_tasks, place, secret_params
from runforest.results.index import ResultIndex
from runforest.reuse import PlannedTask, make_plan
from runforest.run.active import Run, RunSettings
from runforest.run.luigi_config import use_luigi_config
from runforest.tracking.exchange.store_results import StoreResults
from runforest.tracking.store.connect import check_folder, connect
from runforest.tracking.store.uri import StoreUri

if TYPE_CHECKING:
    from runforest.config.environment import Environment
    from runforest.config.model import RunConfig
    from runforest.launch.options import Options
    from runforest.results.index import ResultSource
    from runforest.run_task import RunTask


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A sound experiment; `tasks` is its graph, upstream first, on a run yet to be opened."""

    environment: Environment
    layers: Layers
    config: RunConfig
    tables: Tables
    dataset: ResolvedDataset
    tasks: list[RunTask]
    plan: list[PlannedTask]
    settings: RunSettings
    source: ResultSource | None


def load_experiment(options: Options, environment: Environment) -> Experiment:
    """Read and check everything.

    Raises ConfigError with every mistake that can be found without running a task, StoreError when
    a folder or store cannot be used, ArtifactError when a pinned result cannot be downloaded.
    """
    files = [Path(file).resolve() for file in options.config] or [environment.config_file]
    layers = read_layers(files, options.settings, environment.config_parser)
    import_tasks(environment.project)
    checked = check_tables(layers)
    check_folder(Layout(environment.project).output)  # the caches of what follows lie there
    dataset = ResolvedDataset()
    if checked.has_dataset:
        dataset = resolve_dataset(checked.dataset, checked.paths, environment.project)
    pins, pin_problems = resolve_pins(checked, layers, environment.project)
    tables = effective_tables(checked, dataset.dataset, environment.project)
    use_luigi_config(tables)
    problems = checked.problems + pin_problems
    settings = RunSettings(
        project=str(environment.project),
        pins=pins,
        dataset=dataset.facts,
        is_reusing=checked.run.reuse,
    )
    source = _store_results(environment, trusts_code=checked.run.trust_store)
    planned = Run(Path("planned"), settings, source)
    tasks, found = _graph(checked, planned, layers, dataset)
    problems += [*found, *unmatched_pins(tasks, layers), *_force_problems(options, tasks)]
    problems += secret_params(tasks, layers)
    problems = problems or output_problems(tasks)
    plan: list[PlannedTask] = []
    if not problems and not dataset.problems:
        plan = _plan(options, environment, planned, tasks, checked.run)
    known = {one.name for one in plan if one.action != "run"} | pins.keys()
    unknown = [task for task in tasks if task.folder_name not in known]
    problems += check_tasks(unknown, layers, dataset, problems)
    if problems:
        raise ConfigError(problems)
    if not plan:  # only the data set, which no task uses, has problems
        plan = _plan(options, environment, planned, tasks, checked.run)
    forced = tuple(one.name for one in plan if one.is_forced)
    return Experiment(
        environment=environment,
        layers=layers,
        config=checked.run,
        tables=tables,
        dataset=dataset,
        tasks=tasks,
        plan=plan,
        settings=dataclasses.replace(settings, forced=forced),
        source=source,
    )


def _store_results(environment: Environment, *, trusts_code: bool) -> ResultSource | None:
    """Return the results of the tracking store; None if it is the project's own, with an index."""
    project = environment.project
    store = StoreUri(environment.tracking_uri)
    if store.is_own(project):
        return None
    store = StoreUri.configured(store.text, project)
    return StoreResults(uri=store.text, layout=Layout(project), trusts_code=trusts_code)


def _graph(
    checked: CheckedTables, planned: Run, layers: Layers, dataset: ResolvedDataset
) -> tuple[list[RunTask], list[Problem]]:
    """Return the tasks to complete, upstream first, or the problems of their graph."""
    tasks: list[RunTask] = []
    known, family = task_names(), checked.run.task
    # Of an unknown task all that have a table, to find more mistakes.
    families = [family] if family in known else [name for name in checked.tasks if name in known]
    for family in families:
        try:
            tasks += walk_graph(root_task(family, planned), planned.settings.pins)
        except ConfigError as error:
            return [], [place(one, layers) for one in [*error.problems, *dataset.problems]]
    return tasks, []


def _plan(
    options: Options,
    environment: Environment,
    planned: Run,
    tasks: list[RunTask],
    config: RunConfig,
) -> list[PlannedTask]:
    if planned.source:
        connect(environment.tracking_uri, environment.project)
    pins = local_pins(planned.settings.pins, environment, trusts_code=config.trust_store)
    return make_plan(tasks, ResultIndex(planned.layout), pins, options.forced)


def _force_problems(options: Options, tasks: list[RunTask]) -> list[Problem]:
    known = {name for task in tasks for name in (task.folder_name, task.get_task_family())}
    wrong = "is not a task of this experiment."
    return [
        Problem(where=option, message=f'"{name}" {wrong} {did_you_mean(name, known)}')
        for option, names in options.forced.items()
        for name in names
        if known and name not in known
    ]
