"""`runforest why`: how two runs differ, for people and for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from runforest.foundation.errors import StoreError
from runforest.history.compare import Comparison, compare_runs, compare_tasks
from runforest.tracking.recorded_run import earlier_runs, find_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from runforest.history.compare import TaskComparison
    from runforest.tracking.recorded_run import RecordedRun


def explain(client: MlflowClient, references: list[str], *, as_json: bool) -> int:
    """Print how two runs differ, or one run from the nearest earlier one; return 0.

    Raises StoreError when there is no such run or no earlier one, ArtifactError when one has no
    results.
    """
    runs = [find_run(client, reference) for reference in references]
    old, new = runs if len(runs) > 1 else (nearest_earlier(client, runs[0]), runs[0])
    comparison = compare_runs(old, new, _table_sizes(client, [old.run_id, new.run_id]))
    if as_json:
        sys.stdout.write(json.dumps(comparison.to_json(), indent=2) + "\n")
    else:
        print_comparison(comparison)
    return 0


def nearest_earlier(client: MlflowClient, run: RecordedRun) -> RecordedRun:
    """Return the earlier run of the experiment that differs least, the latest of equal ones."""
    candidates = earlier_runs(client, run)
    if not candidates:
        message = (
            f"run {run.name} has no earlier run with results in its experiment. Name two runs: "
            "why RUN_A RUN_B."
        )
        raise StoreError(message)
    return min(candidates, key=lambda earlier: sum(map(_distance, compare_tasks(earlier, run))))


def print_comparison(comparison: Comparison) -> None:
    """Print a comparison for people."""
    console = Console(highlight=False, soft_wrap=True)
    old, new = comparison.old, comparison.new
    console.print(f"[bold]{escape(old.name)}[/bold] ({old.run_id})  ->  "
                  f"[bold]{escape(new.name)}[/bold] ({new.run_id})")  # fmt: skip
    for task in comparison.tasks:
        _print_task(console, task, comparison)
    for name, (before, after) in comparison.metrics.items():
        console.print(f"metric {escape(name)}: {_number(before)} -> {_number(after)}")
    if not comparison.metrics and not any(task.is_different for task in comparison.tasks):
        console.print("No difference.")
    for diff in comparison.code_diffs.values():
        console.print()
        console.print(escape(diff), end="")


def _print_task(console: Console, task: TaskComparison, comparison: Comparison) -> None:
    if task.state != "changed":
        console.print(f"[dim]{escape(task.task)}: {escape(_state(task))}[/dim]")
        return
    outcome = "same result" if task.is_same_content else "another result"
    console.print(f"{escape(task.task)}: {outcome}")
    for one in task.differences:
        console.print(f"  {escape(comparison.in_words(one))}")


def _table_sizes(client: MlflowClient, run_ids: list[str]) -> dict[str, str]:
    """Return rows and columns of the raw tables that runs recorded, by MLflow's digest of them."""
    sizes = {}
    for run_id in run_ids:
        inputs = client.get_run(run_id).inputs
        for one in inputs.dataset_inputs if inputs else ():
            profile = json.loads(one.dataset.profile or "{}")
            if profile.keys() >= {"num_rows", "num_columns"}:
                rows, columns = profile["num_rows"], profile["num_columns"]
                sizes[one.dataset.digest] = f" ({rows} rows, {columns} columns)"
    return sizes


def _state(task: TaskComparison) -> str:
    if task.state != "pinned":
        return task.state
    if task.new_pin is None:
        return f"was pinned to {task.old_pin}"
    before = f"{task.old_pin} -> " if task.old_pin and task.is_different else ""
    return f"pinned to {before}{task.new_pin}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _distance(task: TaskComparison) -> int:
    is_lost = task.state in {"added", "removed"}
    return len(task.differences) + (task.old_pin != task.new_pin) + 100 * is_lost
