"""The tables of tasks in the terminal: the plan, and the summary of a run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runforest.foundation.errors import error_line
from runforest.foundation.redact import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runforest.launch.execution.closing import Execution
    from runforest.launch.execution.open import OpenExperiment
    from runforest.launch.experiment.load import Experiment
    from runforest.tracking.lifecycle.outcome import TaskOutcome

MAX_ROWS = 30
MIN_DETAIL_WIDTH = 30
_COLOURS = {
    "FINISHED": "green",
    "FAILED": "red",
    "KILLED": "yellow",
    "run": "yellow",
    "reuse": "green",
    "pinned": "blue",
}
_WORDS = {"started": "interrupted", "failed": "[red]failed[/red]"}


def print_plan(experiment: Experiment) -> int:
    """Print what would become of each task and why; return the number of tasks that would run."""
    console = Console(highlight=False, soft_wrap=True)
    table = _new_table()
    for planned in experiment.plan:
        reason = redact(planned.reason, experiment.environment.secrets)
        table.add_row(escape(planned.name), _coloured(planned.action), escape(reason))
    console.print(table)
    notes = [note.text for note in experiment.dataset.notes]
    for text in (*notes, *_notes_of_tasks(experiment)):
        console.print(escape(redact(text, experiment.environment.secrets)), style="dim")
    n_run = sum(planned.action == "run" for planned in experiment.plan)
    known = len(experiment.plan) - n_run
    console.print(f"{n_run} to run, {known} known. Nothing was run.", style="dim")
    return n_run


def _notes_of_tasks(experiment: Experiment) -> list[str]:
    """Return what tasks say of the data set in their `plan_note`, each line once."""
    profile = experiment.dataset.profile
    says = [note for task in experiment.tasks if (note := getattr(task, "plan_note", None))]
    return list(dict.fromkeys(filter(None, (say(profile.schema) for say in says if profile))))


def print_summary(experiment: Experiment, opened: OpenExperiment, execution: Execution) -> None:
    """Print what ran in a run, how long, how well, and where to look."""
    console = Console(highlight=False, soft_wrap=True)
    name = escape(f"{experiment.config.experiment_name} / {opened.record.name}")
    duration = seconds(execution.duration_s)
    console.print(f"\n[bold]{name}[/bold]  {_coloured(execution.status)}  {duration}")
    console.print(_task_table(experiment, opened, execution))
    for task, outcome in execution.outcomes.items():
        if outcome.status == "failed":
            path = opened.run.artifacts / "errors" / f"{task}.txt"
            console.print(f"[red]{escape(task)}: {escape(error_line(outcome.traceback))}[/red]")
            console.print(f"         traceback: {escape(str(path))}")
    if execution.metrics:
        console.print(f"scores   {escape(scores_line(execution.metrics))}")
    console.print(f"run      {opened.record.run_id}")
    if opened.record.local_folder:
        console.print(f"files    {escape(str(opened.run.artifacts))}")
    console.print(f"page     {opened.run.settings.page}")
    if opened.store.file:
        hint = "         (start the page with `make ui` or `docker-compose up`)"
        console.print(hint, style="dim")


def _coloured(word: str) -> str:
    return f"[{_COLOURS[word]}]{word}[/{_COLOURS[word]}]"


def _new_table() -> Table:
    """Return a table for the name of each task, what becomes of it and a detail, none cut off."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=MIN_DETAIL_WIDTH)
    return table


def scores_line(metrics: Mapping[str, float]) -> str:
    """Return the metrics in one line, means together with their deviations.

    >>> scores_line({"accuracy": 0.81234, "accuracy_std": 0.02, "best_accuracy": 0.9})
    'accuracy 0.8123 ± 0.02   best_accuracy 0.9'
    """
    parts = []
    for name, value in metrics.items():
        if name.endswith("_std") and name.removesuffix("_std") in metrics:
            continue
        deviation = metrics.get(f"{name}_std")
        spread = "" if deviation is None else f" ± {deviation:.2g}"
        parts.append(f"{name} {value:.4g}{spread}")
    return "   ".join(parts)


def seconds(duration_s: float) -> str:
    """Return a duration as a person says it.

    >>> seconds(0.042), seconds(12.34), seconds(125)
    ('0.04 s', '12.3 s', '2 min 5 s')
    """
    if duration_s < 1:
        return f"{duration_s:.2f} s"
    if duration_s < 60:  # noqa: PLR2004 - a minute
        return f"{duration_s:.1f} s"
    return f"{int(duration_s) // 60} min {int(duration_s) % 60} s"


def _task_table(experiment: Experiment, opened: OpenExperiment, execution: Execution) -> Table:
    table = _new_table()
    rows = _task_rows(experiment, opened, execution)
    for name, word, detail in rows[:MAX_ROWS]:
        table.add_row("  " + escape(name), word, escape(detail))
    if len(rows) > MAX_ROWS:
        words = Counter(word for _, word, _ in rows[MAX_ROWS:])
        counts = ", ".join(f"{count} {word}" for word, count in words.items())
        table.add_row(f"  and {len(rows) - MAX_ROWS} more", counts, "all in tasks.json")
    return table


def _task_rows(
    experiment: Experiment, opened: OpenExperiment, execution: Execution
) -> list[tuple[str, str, str]]:
    """Return the name, the outcome and a detail of each task."""
    rows = []
    for task in experiment.tasks:
        name = task.folder_name
        outcome = execution.outcomes.get(name)
        pinned = opened.run.settings.pins.get(name)
        if outcome:
            word = _WORDS.get(outcome.status, outcome.status)
            rows.append((name, word, _detail(outcome)))
        elif pinned:
            rows.append((name, "pinned", redact(pinned, experiment.environment.secrets)))
        elif task.output():
            rows.append((name, "[dim]not run[/dim]", ""))
    return rows


def _detail(outcome: TaskOutcome) -> str:
    if outcome.reused_from:
        return f"from run {outcome.reused_from}"
    duration = seconds(outcome.duration_s) if outcome.duration_s else ""
    attempt = f"attempt {outcome.n_attempts}" if outcome.n_attempts > 1 else ""
    return ", ".join(filter(None, (duration, attempt)))
