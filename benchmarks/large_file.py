"""A large input and a large artifact: what is read, what is stored, how much memory it takes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.large_project import CONFIG, MIB, TASKS, write_input
from benchmarks.machine import installed_versions
from benchmarks.measure import BenchmarkError, clean_environment, measure
from benchmarks.report import Section
from benchmarks.workspace import commit_all, copy_project, create_store, write_files

SIZES_MIB = (64, 1024)
FREE_GIB = 8
TEXT = """\
The training file is a CSV file of the given size, and a task copies it block by block into an
artifact of the same size. *read* and *written* count the bytes of all read and write calls, whether
the disk was asked or not; *disk* is what the project's `mlruns` takes afterwards, a hard-linked
file counted once; *peak* is the memory of the largest process. *next start* is the same experiment
again, with nothing to do."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A run of the experiment and what it moved."""

    read_mib: float
    written_mib: float
    disk_mib: float
    memory_mib: float
    cpu_s: float


def run(_rounds: int) -> Section:
    """Measure both sizes once; bytes do not vary from round to round.

    Raises
    ------
    BenchmarkError
        The disk has too little room.
    """
    rows: list[tuple[str, ...]] = []
    for size_mib in SIZES_MIB:
        with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
            if shutil.disk_usage(scratch).free < FREE_GIB << 30:
                message = f"{scratch} needs {FREE_GIB} GiB free. Set TMPDIR to another folder."
                raise BenchmarkError(message)
            sys.stderr.write(f"{size_mib} MiB\n")
            folder = _project(Path(scratch) / "project", size_mib)
            rows += [_row(size_mib, name, _step(folder)) for name in ("first run", "next start")]
    return Section(
        title="A large file",
        text=TEXT,
        columns=("", "read, MiB", "written, MiB", "disk, MiB", "peak, MiB", "CPU, s"),
        rows=tuple(rows),
        remarks=("Measured once: bytes do not vary from round to round.",),
        versions=installed_versions(("luigi", "pandas")),
    )


def _project(folder: Path, size_mib: int) -> Path:
    copy_project(folder, "src/runforest", "src/runner.py", ".gitignore")
    write_files(folder, {"src/tasks/__init__.py": TASKS, "luigi.toml": CONFIG})
    commit_all(folder)
    create_store(folder)
    write_input(folder / "data", size_mib * MIB)
    return folder


def _step(folder: Path) -> Step:
    usage = measure([sys.executable, "src/runner.py"], folder, clean_environment())
    return Step(
        read_mib=usage.read_bytes / MIB,
        written_mib=usage.written_bytes / MIB,
        disk_mib=_disk_bytes(folder / "mlruns") / MIB,
        memory_mib=usage.memory_mib,
        cpu_s=usage.cpu_s,
    )


def _disk_bytes(folder: Path) -> int:
    """Return the bytes that the files of a folder take, those with several names once."""
    states = {path.stat().st_ino: path.stat() for path in folder.rglob("*") if path.is_file()}
    return sum(512 * state.st_blocks for state in states.values())


def _row(size_mib: int, name: str, step: Step) -> tuple[str, ...]:
    return (
        f"{size_mib:,} MiB, {name}",
        f"{step.read_mib:,.0f}",
        f"{step.written_mib:,.0f}",
        f"{step.disk_mib:,.0f}",
        f"{step.memory_mib:,.0f}",
        f"{step.cpu_s:.1f}",
    )
