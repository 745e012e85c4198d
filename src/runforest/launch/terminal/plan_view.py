"""The plan in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from runforest.launch.terminal.summary import task_table
from runforest.redact import redact

if TYPE_CHECKING:
    from runforest.launch.experiment.load import Experiment

_COLOURS = {"run": "yellow", "reuse": "green", "pinned": "blue"}


def print_plan(experiment: Experiment) -> int:
    """Print what would become of each task and why; return the number of tasks that would run."""
    console = Console(highlight=False, soft_wrap=True)
    table = task_table()
    for planned in experiment.plan:
        colour = _COLOURS[planned.action]
        action = f"[{colour}]{planned.action}[/{colour}]"
        reason = redact(planned.reason, experiment.environment.secrets)
        table.add_row(escape(planned.name), action, escape(reason))
    console.print(table)
    n_run = sum(planned.action == "run" for planned in experiment.plan)
    known = len(experiment.plan) - n_run
    console.print(f"{n_run} to run, {known} known. Nothing was run.", style="dim")
    return n_run
