"""Whether a study of ten thousand trials costs ten times one of a thousand."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.charts import LineChart
from benchmarks.machine import installed_versions
from benchmarks.report import Section
from benchmarks.run_page import LIMIT_S, has_browser, seconds_to_open
from benchmarks.tuner_project import Study, TunerProject

if TYPE_CHECKING:
    from benchmarks.timeline import Timeline

SIZES = (1_000, 10_000)
PART = 1_000
MEMORY_LIMIT_MIB = 1024
TEXT = f"""\
The whole experiment, a tuner with a trivial objective and random points, recorded in a new SQLite
file. *first* and *last* {PART:,} are the seconds until the store says that so many more trials have
ended, *ratio* the second as a multiple of the first. *run* is the whole command, with start, plots
and importances. *peak* is the memory of the largest process. *page* is how long the page of the run
takes in Chromium until it shows its trials."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One run."""

    timeline: Timeline
    run_s: float
    page_s: float | None  # None: the page does not open, or there is no browser.


def run(rounds: int) -> Section:
    """Run studies of all sizes in every round."""
    measured: dict[int, list[Outcome]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        project = TunerProject(Path(scratch))
        for number in range(rounds):
            for n_trials in SIZES:
                sys.stderr.write(f"round {number + 1} of {rounds}: {n_trials:,} trials\n")
                measured[n_trials].append(_outcome(project, n_trials))
    largest = max(SIZES)
    return Section(
        title="Ten thousand trials",
        text=TEXT,
        columns=(
            "trials",
            f"first {PART:,}, s",
            f"last {PART:,}, s",
            "ratio",
            "run, s",
            f"peak, MiB (of {MEMORY_LIMIT_MIB:,})",
            "page opens, s",
            "rounds",
        ),
        rows=tuple(_row(size, outcomes) for size, outcomes in measured.items()),
        versions=installed_versions(("mlflow", "optuna")),
        chart=LineChart(
            x_label="trials in the store",
            y_label="seconds",
            lines={"measured": _progress(measured[largest][0].timeline)},
        ),
    )


def _outcome(project: TunerProject, n_trials: int) -> Outcome:
    clock = time.perf_counter()
    timeline = project.tracked(Study(n_trials=n_trials))
    run_s = time.perf_counter() - clock
    page_s = seconds_to_open(project.folder, project.experiment) if has_browser() else None
    return Outcome(timeline=timeline, run_s=run_s, page_s=page_s)


def _row(n_trials: int, outcomes: list[Outcome]) -> tuple[str, ...]:
    times = [outcome.timeline for outcome in outcomes]
    peak = max(timeline.memory_mib for timeline in times)
    first_s = median(timeline.seconds(1, PART) for timeline in times)
    last_s = median(timeline.seconds(n_trials - PART + 1, n_trials) for timeline in times)
    return (
        f"{n_trials:,}",
        f"{first_s:.1f}",
        f"{last_s:.1f}",
        f"{last_s / first_s:.2f}" if n_trials > PART else "",
        f"{median(outcome.run_s for outcome in outcomes):.1f}",
        f"{peak:.0f} ({peak / MEMORY_LIMIT_MIB:.2f})",
        _page(outcomes),
        str(len(outcomes)),
    )


def _page(outcomes: list[Outcome]) -> str:
    if not has_browser():
        return "not tried: no Chromium"
    opened = [outcome.page_s for outcome in outcomes if outcome.page_s is not None]
    if len(opened) < len(outcomes):
        return f"no, not in {LIMIT_S} s"
    return f"yes, {median(opened):.1f}"


def _progress(timeline: Timeline) -> tuple[list[float], list[float]]:
    """Return a point for every hundredth trial."""
    numbers = range(99, len(timeline.ended), 100)
    return (
        [number + 1 for number in numbers],
        [timeline.ended[number] - timeline.started for number in numbers],
    )
