"""The pipeline of experiments/article.toml, in Runforest, as a plain script and in its peers."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import installed_versions
from benchmarks.measure import Usage, clean_environment, measure, median_cpu
from benchmarks.report import Section
from benchmarks.variants import Variant, peer_variants, plain_variant, runforest_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPERIMENT = "experiments/article.toml"
SCENARIOS = ("cold", "nothing changed", "seed changed")
PACKAGES = ("mlflow", "luigi", "scikit-learn", "pandas", "skops")
TEXT = f"""\
Preprocessor, Trainer and Prediction of `{EXPERIMENT}`: two CSV files become typed tables, a ridge
classifier is fitted and saved as an MLflow model, the test rows are predicted. The figures are CPU
seconds (user and system, the command with all its processes; the median of the rounds), in brackets
as a multiple of the plain script's. The plain script does the same work with the same MLflow calls
(`benchmarks/peers/`), every time; the peers wire the same functions. The tracking store, a SQLite
file, is made before the clock starts. One round takes every variant in turn.

*cold*: no earlier run. *nothing changed*: the same command again; Runforest records a complete run
then. *seed changed*: another `random_state`, so the tables can be reused."""

IMPORT = """
from pathlib import Path
from runforest.launch.experiment.project_tasks import import_tasks
import_tasks(Path())
"""

Measured = dict[tuple[str, str], list[Usage]]


def run(rounds: int) -> Section:
    """Measure all variants in all scenarios."""
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        root = Path(scratch)
        ours = runforest_variant(root, EXPERIMENT)
        variants = [ours, plain_variant(root), *peer_variants(root)]
        measured: Measured = {}
        for number in range(rounds):
            for variant in variants:
                sys.stderr.write(f"round {number + 1} of {rounds}: {variant.name}\n")
                for scenario, usage in _one_round(variant, ours):
                    measured.setdefault((variant.name, scenario), []).append(usage)
    return _section(variants, measured)


def _one_round(variant: Variant, ours: Variant) -> Iterator[tuple[str, Usage]]:
    """Run a variant in all scenarios, which build on each other."""
    variant.reset()
    yield "cold", variant.run()
    yield "nothing changed", variant.run()
    if variant is ours:
        yield "plan", variant.run("--plan")
        yield "tasks", _import_time(variant)
    variant.options = variant.change_seed()
    yield "seed changed", variant.run()


def _import_time(ours: Variant) -> Usage:
    """Measure the import of the task modules alone: what `--plan` cannot do without."""
    environment = clean_environment(PYTHONPATH=str(ours.space.folder / "src"))
    return measure([sys.executable, "-c", IMPORT], ours.space.folder, environment)


def _section(variants: list[Variant], measured: Measured) -> Section:
    base = {scenario: median_cpu(measured["plain", scenario]) for scenario in SCENARIOS}
    rows = tuple(
        (
            "plain script" if variant.name == "plain" else variant.name,
            *(_cell(measured[variant.name, scenario], base[scenario]) for scenario in SCENARIOS),
            f"{max(usage.memory_mib for usage in measured[variant.name, 'cold']):.0f}",
        )
        for variant in variants
    )
    plan, tasks = (median_cpu(measured["Runforest", name]) for name in ("plan", "tasks"))
    remarks = [f"`--plan` with nothing to do: {plan:.2f} s, {tasks:.2f} s to import the tasks."]
    if ("dvc", "nothing changed") in measured:
        noop = median_cpu(measured["dvc", "nothing changed"])
        remarks.append(f"`dvc repro` with nothing to do: {noop:.2f} s; it records no run.")
    left_out = {"gokart", "kedro", "dvc", "zenml", "metaflow"} - {one.name for one in variants}
    if left_out:
        remarks.append(f"Left out, since they could not be installed: {', '.join(left_out)}.")
    return Section(
        title="The article's pipeline",
        text=TEXT,
        columns=("CPU s", *SCENARIOS, "peak MiB, cold"),
        rows=rows,
        remarks=tuple(remarks),
        versions=", ".join(
            [installed_versions(PACKAGES), *(one.version for one in variants if one.version)]
        ),
    )


def _cell(usages: list[Usage], base: float) -> str:
    value = median_cpu(usages)
    return f"{value:.2f} ({value / base:.2f})"
