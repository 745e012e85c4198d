"""What one more task costs: a fan-out with few and with many tiny tasks."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import fanout_project
from benchmarks.environments import peer_environment
from benchmarks.machine import installed_versions, versions_in
from benchmarks.measure import Usage, clean_environment, measure, median_cpu
from benchmarks.report import Section
from benchmarks.workspace import Workspace, commit_all, copy_project, create_store, write_files

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (10, 200)
SCENARIOS = {"cold": 1, "nothing changed": 3}
"""How often a round measures each: a task costs less than the start of the program varies."""

TEXT = f"""\
One root, N - 2 leaves and one sink, each with a file of a few bytes. The slope from N = {SIZES[0]}
to N = {SIZES[1]}, run one after the other, is what one more task costs, in milliseconds of CPU, the
start of the program left out: the median of the rounds' slopes. Runforest writes a manifest with
all ingredients and digests for every task, finds it again by its fingerprint and records it in the
run; bare Luigi writes the file alone and looks whether it is there."""

Measured = dict[tuple[str, str], list[tuple[Usage, ...]]]
"""Runner and scenario -> each time what it took at both sizes."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A prepared fan-out of one size."""

    name: str
    size: int
    space: Workspace
    command: tuple[str, ...]

    def run(self) -> Usage:
        """Run the fan-out once."""
        return measure([*self.command], self.space.folder, clean_environment())


def run(rounds: int) -> Section:
    """Measure all runners at both sizes."""
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        makers = _makers()
        pairs = {name: [make(Path(scratch), n) for n in SIZES] for name, make in makers.items()}
        measured: Measured = {}
        for number in range(rounds):
            for name, pair in pairs.items():
                sys.stderr.write(f"round {number + 1} of {rounds}: {name}\n")
                for runner in pair:
                    runner.space.put_back("new")
                for scenario, n_times in SCENARIOS.items():
                    usages = measured.setdefault((name, scenario), [])
                    usages += [tuple(runner.run() for runner in pair) for _ in range(n_times)]
    names = list(pairs)
    gokart = peer_environment("gokart") if "gokart" in names else None
    versions = [installed_versions(("luigi", "mlflow"))]
    versions += [versions_in(gokart / "python", "gokart")] if gokart else []
    return Section(
        title="A fan-out of small tasks",
        text=TEXT,
        columns=("CPU ms a task", *SCENARIOS, f"N = {SIZES[1]}, cold, s"),
        rows=tuple(
            (
                name,
                *(f"{_slope_ms(measured[name, scenario]):.2f}" for scenario in SCENARIOS),
                f"{median_cpu(many for _, many in measured[name, 'cold']):.2f}",
            )
            for name in names
        ),
        versions=", ".join(versions),
    )


def _slope_ms(measured: list[tuple[Usage, ...]]) -> float:
    n_more = SIZES[1] - SIZES[0]
    return median(1000 * (many.cpu_s - few.cpu_s) / n_more for few, many in measured)


def _makers() -> dict[str, Callable[[Path, int], Runner]]:
    """Return how to prepare each runner; gokart only where it can be installed."""
    gokart = peer_environment("gokart")
    makers: dict[str, Callable[[Path, int], Runner]] = {
        "Runforest": _runforest,
        "luigi": lambda root, size: _script(
            root, size, "luigi", fanout_project.LUIGI, Path(sys.executable)
        ),
    }
    if gokart:
        makers["gokart"] = lambda root, size: _script(
            root, size, "gokart", fanout_project.GOKART, gokart / "python"
        )
    return makers


def _runforest(root: Path, size: int) -> Runner:
    space = Workspace(root, f"runforest-{size}")
    copy_project(space.folder, "src/runforest", "src/runner.py", ".gitignore")
    config = fanout_project.RUNFOREST_CONFIG.format(n_leaves=size - 2)
    tasks = fanout_project.RUNFOREST_TASKS
    write_files(space.folder, {"src/tasks/__init__.py": tasks, "luigi.toml": config})
    commit_all(space.folder)
    create_store(space.folder)
    space.keep("new")
    command = (sys.executable, "src/runner.py")
    return Runner(name="Runforest", size=size, space=space, command=command)


def _script(root: Path, size: int, name: str, text: str, python: Path) -> Runner:
    space = Workspace(root, f"{name}-{size}")
    write_files(space.folder, {"main.py": text.format(n_leaves=size - 2), "out/.keep": ""})
    space.keep("new")
    return Runner(name=name, size=size, space=space, command=(str(python), "main.py"))
