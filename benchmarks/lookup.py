"""Whether finding an earlier result stays fast when the store is full."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.filled_store import fill_index, fill_store
from benchmarks.machine import installed_versions
from benchmarks.measure import BenchmarkError, clean_environment, measure, median_cpu
from benchmarks.report import Section
from benchmarks.workspace import commit_all, copy_project, create_store
from runforest.foundation.layout import Layout
from runforest.tracking.exchange.store_results import N_RUNS

SIZES = (100, 10_000, 100_000)
N_FINDS, N_SEARCHES = 200, 20
N_HOLDERS = N_RUNS + 1
FREE_GIB = 4
COMMAND = (
    sys.executable,
    *("src/runner.py", "--config", "experiments/article.toml", "--set", "RunConfig.reuse=true"),
)
TEXT = f"""\
The pipeline's results are looked up in a store that holds many other runs: their rows in MLflow's
SQLite file, and an entry each in the index of results. *find* is one look-up inside a process, of a
fingerprint that is there, the manifest read and all its files verified; *miss* that of one that is
not. *search* and *search miss* are the same for another project that shares the store: the copy
that was made the first time verified, and the tags of MLflow's runs searched in vain. More runs
hold the result than are read of them ({N_RUNS}), at each size.
`--plan` and *run* are whole processes with nothing to do, in CPU seconds; *run* records a
complete run."""
# Run in the project: its engine is the one to measure. Writes milliseconds of hits and of misses.
_FIND = f"""
import json, sys, time
from pathlib import Path
from runforest.foundation.layout import Layout
from runforest.results.manifest import read_manifest
from runforest.results.index import ResultIndex
from runforest.tracking.exchange.store_results import StoreResults
from runforest.tracking.store.connect import connect

here, other = Layout(Path.cwd()), Layout(Path.cwd() / "other")
uri = f"sqlite:///{{here.database}}"
connect(uri, Path.cwd())
known = read_manifest(Path(sys.argv[1])).fingerprint
times = []
for find, n_times in (
    (lambda one: ResultIndex(here).find(one).result, {N_FINDS}),
    (StoreResults(uri=uri, layout=other).find, {N_SEARCHES}),
):
    for fingerprint, is_known in ((known, True), ("0" * 64, False)):
        find(fingerprint)
        clock = time.process_time()
        for _ in range(n_times):
            assert (find(fingerprint) is not None) == is_known
        times.append(1000 * (time.process_time() - clock) / n_times)
Path("find.json").write_text(json.dumps(times))
"""


def run(rounds: int) -> Section:
    """Measure look-ups in stores of all sizes.

    Raises
    ------
    BenchmarkError
        The disk has too little room.
    """
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        if shutil.disk_usage(scratch).free < FREE_GIB << 30:
            message = f"{scratch} needs {FREE_GIB} GiB of free space. Set TMPDIR to another folder."
            raise BenchmarkError(message)
        folder = Path(scratch) / "project"
        copy_project(folder)
        commit_all(folder)
        create_store(folder)
        environment = clean_environment()
        for _ in range(N_HOLDERS):  # the results of the first are the ones that are looked up
            measure([*COMMAND], folder, environment)
        rows, n_runs = [], N_HOLDERS
        for size in SIZES:
            sys.stderr.write(f"{size} runs\n")
            fill_store(Layout(folder).database, size - n_runs)
            fill_index(folder, size - n_runs)
            n_runs = size
            rows.append((f"{size:,}", *_measure_size(folder, environment, rounds)))
            n_runs += rounds
    return Section(
        title="Looking up earlier results",
        text=TEXT,
        columns=(
            "runs in the store",
            "find, ms",
            "miss, ms",
            "search, ms",
            "search miss, ms",
            "`--plan`, s",
            "run, s",
        ),
        rows=tuple(rows),
        versions=installed_versions(("mlflow", "sqlalchemy")),
    )


def _measure_size(folder: Path, environment: dict[str, str], rounds: int) -> tuple[str, ...]:
    result = next((folder / "mlruns").glob("*/*/artifacts/Trainer"))
    inside = {**environment, "PYTHONPATH": str(folder / "src")}
    finds, plans, runs = [], [], []
    for _ in range(rounds):
        measure([sys.executable, "-c", _FIND, str(result)], folder, inside)
        finds.append(_read_times(folder / "find.json"))
        plans.append(measure([*COMMAND, "--plan"], folder, environment))
        runs.append(measure([*COMMAND], folder, environment))
    hit, miss, *searches = (median(times) for times in zip(*finds, strict=True))
    return (
        *(f"{time:.3f}" for time in (hit, miss)),
        *(f"{time:.1f}" for time in searches),
        f"{median_cpu(plans):.2f}",
        f"{median_cpu(runs):.2f}",
    )


def _read_times(file: Path) -> list[float]:
    times: list[float] = json.loads(file.read_text(encoding="utf-8"))
    return times
