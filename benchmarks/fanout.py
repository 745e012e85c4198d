"""What one more task costs: a fan-out with few and with many tiny tasks."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks import fanout_project
from benchmarks.environments import peer_environment
from benchmarks.machine import installed_versions, versions_in
from benchmarks.measure import Usage, clean_environment, measure, median_cpu
from benchmarks.report import Section
from benchmarks.workspace import Workspace, commit_all, copy_project, create_store, write_files

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MANY, MORE = 10, 200, 1000
SIZES = (FEW, MANY, MORE)
LARGEST = {"gokart": MANY}  # A thousand tasks take it half a minute.
SCENARIOS = {"cold": 1, "nothing changed": 9}
"""How often a round measures each: a task costs less than the start of the program varies."""

TEXT = f"""\
One root, N - 2 leaves and one sink, each with a file of a few bytes. The slope from N = {FEW}
to N = {MANY}, run one after the other, is what one more task costs, in milliseconds of CPU, the
start of the program left out: the median of the rounds' slopes; *range* has the middle half of
them. The slope to N = {MORE:,} is less at the mercy of how much the start varies. Runforest writes
a manifest with all ingredients and digests for every task, finds it again by its fingerprint and
records it in the run; bare Luigi writes the file alone and looks whether it is there."""

Measured = dict[tuple[str, str], list[dict[int, Usage]]]
"""Runner and scenario -> each time what it took at each size."""


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
    """Measure all runners at all sizes."""
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        makers = _makers()
        fans = {
            name: [make(Path(scratch), size) for size in SIZES if size <= LARGEST.get(name, MORE)]
            for name, make in makers.items()
        }
        measured: Measured = {}
        for number in range(rounds):
            for name, fan in fans.items():
                sys.stderr.write(f"round {number + 1} of {rounds}: {name}\n")
                for runner in fan:
                    runner.space.put_back("new")
                for scenario, n_times in SCENARIOS.items():
                    usages = measured.setdefault((name, scenario), [])
                    usages += [{one.size: one.run() for one in fan} for _ in range(n_times)]
    names = list(fans)
    gokart = peer_environment("gokart") if "gokart" in names else None
    versions = [installed_versions(("luigi", "mlflow"))]
    versions += [versions_in(gokart / "python", "gokart")] if gokart else []
    return Section(
        title="A fan-out of small tasks",
        text=TEXT,
        columns=(
            "CPU ms a task",
            *(part for scenario in SCENARIOS for part in (scenario, "range")),
            "cold, s in all",
        ),
        rows=tuple(
            _row(name, size, measured)
            for size in (MANY, MORE)
            for name in names
            if size <= LARGEST.get(name, MORE)
        ),
        versions=", ".join(versions),
    )


def _row(name: str, size: int, measured: Measured) -> tuple[str, ...]:
    return (
        f"to N = {size:,}: {name}",
        *(cell for scenario in SCENARIOS for cell in _cells(measured[name, scenario], size)),
        f"{median_cpu(usages[size] for usages in measured[name, 'cold']):.2f}",
    )


def _cells(measured: list[dict[int, Usage]], size: int) -> tuple[str, str]:
    """Return the median slope up to a size, and the first and third quartile."""
    slopes_ms = [
        1000 * (usages[size].cpu_s - usages[FEW].cpu_s) / (size - FEW) for usages in measured
    ]
    first, middle, third = (
        quantiles(slopes_ms, n=4, method="inclusive") if len(slopes_ms) > 1 else 3 * slopes_ms
    )
    return f"{middle:.2f}", f"{first:.2f} to {third:.2f}"


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
