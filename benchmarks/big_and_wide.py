"""The default experiment on a big and on a wide table, beside a script that does the same folds."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import installed_versions
from benchmarks.measure import Usage, clean_environment, measure, median_cpu
from benchmarks.report import Section
from benchmarks.wide_tables import BIG, WIDE, write_tables
from benchmarks.workspace import (
    PROJECT,
    Workspace,
    commit_all,
    copy_project,
    create_store,
    write_files,
)

if TYPE_CHECKING:
    from benchmarks.wide_tables import TableShape

CPU_LIMIT, MEMORY_LIMIT = 1.5, 2.0
SCRIPT = PROJECT / "benchmarks" / "scripts" / "plain_folds.py"
CONFIG = """\
[RunConfig]
experiment_name = "{name}"
[PathConfig]
input = "{folder}"
"""
TEXT = """\
The experiment of a first day, on tables made by `benchmarks/wide_tables.py`: no key is set but
the folder, so a ridge model is cross-validated in five folds, fitted and saved, and predicts the
test file. The script reads the same files with pandas, takes the same columns, makes the same
features and folds by scikit-learn, scores them by the same scorers, fits, saves and predicts.
Beside that, Runforest recognises what the columns are, writes typed tables, the model for MLflow,
importances, plots and the report, and records the run; the script starts with `parse_dates`.
*CPU* is user and system time of all processes, *peak* the memory of the largest one, both the
median of rounds in which the two took turns; in brackets multiples of the script's."""


def run(rounds: int) -> Section:
    """Measure both tables."""
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        rows = [
            row
            for shape in (BIG, WIDE)
            for row in _rows(shape, _measured(Path(scratch) / shape.name, shape, rounds))
        ]
    limits = f"at most {CPU_LIMIT} times its CPU, {MEMORY_LIMIT:.0f} times its memory"
    return Section(
        title="A big and a wide table",
        text=TEXT,
        columns=("", "CPU, s", "peak, MiB"),
        rows=tuple(rows),
        remarks=(f"What Runforest is held to, beside the script: {limits}.",),
        versions=installed_versions(("mlflow", "scikit-learn", "pandas")),
    )


def _measured(root: Path, shape: TableShape, rounds: int) -> dict[str, list[Usage]]:
    """Return what Runforest and the script took in each round."""
    tables = root / "tables"
    write_tables(shape, tables)
    space = Workspace(root, "project")
    copy_project(space.folder, "src", ".gitignore")
    write_files(space.folder, {"luigi.toml": CONFIG.format(name=shape.name, folder=tables)})
    commit_all(space.folder)
    create_store(space.folder)
    space.keep("new")
    commands = {
        "Runforest": [sys.executable, "src/runner.py"],
        "script": [sys.executable, str(SCRIPT), str(tables)],
    }
    measured: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(rounds):
        space.put_back("new")
        for name, command in commands.items():
            sys.stderr.write(f"{shape.name}, round {number + 1} of {rounds}: {name}\n")
            measured[name].append(measure(command, space.folder, clean_environment()))
    return measured


def _rows(shape: TableShape, measured: dict[str, list[Usage]]) -> list[tuple[str, ...]]:
    def figures(name: str) -> tuple[float, float]:
        memory = sorted(usage.memory_mib for usage in measured[name])
        return median_cpu(measured[name]), memory[len(memory) // 2]

    base_cpu, base_memory = figures("script")
    return [
        (
            f"{shape.n_rows:,} x {shape.n_columns:,}: {name}",
            f"{cpu:.1f} ({cpu / base_cpu:.2f})",
            f"{memory:,.0f} ({memory / base_memory:.2f})",
        )
        for name in measured
        for cpu, memory in [figures(name)]
    ]
