"""What recording a trial costs: Runforest beside Optuna's and Hydra's ways to MLflow.

Into a SQLite file, and through a server: a benchmark each, since together they take over an hour.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.charts import BarChart
from benchmarks.machine import installed_versions
from benchmarks.report import Section
from benchmarks.study_recorders import CALLBACK, HYDRA, NESTED, RUNFOREST, study_recorders
from benchmarks.tracking_server import tracking_server
from benchmarks.tuner_project import N_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.study_recorders import StudyRecorder
    from benchmarks.timeline import Timeline
    from benchmarks.tracking_server import TrackingServer

IN_PROCESS = (RUNFOREST, CALLBACK, NESTED)
PAIR = (RUNFOREST, CALLBACK)
PART = 100  # Trials at the beginning and at the end that growth compares.
TEXT = f"""\
A trivial objective of four numbers; each trial becomes a child run with its parameters and scores.
*all* is the time from the end of the first trial's work until the store says that the last one has
ended, in milliseconds for each further trial. *without a record* is the same study with the same
sampler and no tracking, and *record* the difference: Runforest's trials are two folds of a pipeline
on {N_ROWS} rows, the peers' a sum, and both cancel out. *ratio* is the record's cost as a multiple
of {CALLBACK}'s; *ratio of all* compares *all* in the same way. *growth* is how long one of the last
{PART} of 1,000 trials took, as a multiple of one of the first {PART}, all costs included, by the
slopes of a parabola fitted to the ends of all trials, and *growth without* the same without a
record: TPE itself becomes slower with each trial.

{{store}} It is watched from outside, by counting the ended runs whenever its file has changed."""
STORES = {
    "SQLite": "The store is a SQLite file, new for each study.",
    "server": "The store is `mlflow server` with its default workers, on this machine.",
}
TITLES = {
    "SQLite": "What recording a trial costs",
    "server": "What recording a trial costs through a server",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A study, and who does it in which rounds."""

    store: str
    sampler: str
    n_trials: int
    names: tuple[str, ...] = (RUNFOREST, CALLBACK, NESTED, HYDRA)
    peer_rounds: int | None = None  # None: as many as Runforest's.

    @property
    def title(self) -> str:
        """The case in a few words."""
        sampler = {"tpe": "TPE", "random": "Random"}[self.sampler]
        return f"{self.store}, {sampler}, {self.n_trials:,} trials"

    def who(self, number: int) -> tuple[str, ...]:
        """Return who does it in the round with this number, from 0."""
        is_with_peers = self.peer_rounds is None or number < self.peer_rounds
        return self.names if is_with_peers else (RUNFOREST,)


CASES = (
    Case(store="SQLite", sampler="random", n_trials=100, names=IN_PROCESS),
    Case(store="SQLite", sampler="tpe", n_trials=100),
    Case(store="SQLite", sampler="random", n_trials=1000, names=PAIR),
    Case(store="SQLite", sampler="tpe", n_trials=1000, names=PAIR),
    Case(store="server", sampler="random", n_trials=100, names=PAIR),
    Case(store="server", sampler="tpe", n_trials=100, names=PAIR),
    Case(store="server", sampler="random", n_trials=1000, names=PAIR, peer_rounds=1),
    Case(store="server", sampler="tpe", n_trials=1000, names=PAIR, peer_rounds=1),
)
Measured = dict[tuple[Case, str], list[tuple["Timeline", "Timeline"]]]


def run(rounds: int) -> Section:
    """Measure all cases of a SQLite file in every round."""
    return _run("SQLite", rounds)


def run_server(rounds: int) -> Section:
    """Measure all cases of a server in every round."""
    return _run("server", rounds)


def _run(store: str, rounds: int) -> Section:
    with tempfile.TemporaryDirectory(prefix="runforest-bench-") as scratch:
        root = Path(scratch)
        recorders = study_recorders(root)
        cases = [case for case in CASES if case.store == store]
        with tracking_server(root / "server") if store == "server" else nullcontext() as server:
            measured = _measure(cases, recorders, server, rounds)
    return _section(store, recorders, measured)


def _measure(
    cases: list[Case],
    recorders: dict[str, StudyRecorder],
    server: TrackingServer | None,
    rounds: int,
) -> Measured:
    measured: Measured = {}
    for number in range(rounds):
        for case in cases:
            for name in (name for name in case.who(number) if name in recorders):
                sys.stderr.write(f"round {number + 1} of {rounds}: {case.title}: {name}\n")
                recorder = recorders[name]
                bare = recorder.untracked(case.sampler, case.n_trials)
                tracked = recorder.tracked(case.sampler, case.n_trials, server)
                measured.setdefault((case, name), []).append((bare, tracked))
    return measured


def _section(store: str, recorders: dict[str, StudyRecorder], measured: Measured) -> Section:
    names = {name for case in CASES if case.store == store for name in case.names}
    versions = [installed_versions(("mlflow", "optuna"))]
    versions += [recorders[name].version for name in recorders if name in names]
    remarks = []
    if any(case.peer_rounds for case, _ in measured):
        slow = f"A thousand trials take {CALLBACK} more than six minutes"
        remarks.append(f"{slow}: it does them as often as *rounds* says.")
    left_out = names - recorders.keys()
    if left_out:
        remarks.append(f"Left out, since they could not be installed: {', '.join(left_out)}.")
    return Section(
        title=TITLES[store],
        text=TEXT.format(store=STORES[store]),
        columns=(
            "",
            "all, ms",
            "without a record, ms",
            "record, ms",
            "ratio",
            "ratio of all",
            "growth",
            "growth without",
            "rounds",
        ),
        rows=tuple(_rows(measured)),
        remarks=tuple(remarks),
        versions=", ".join(dict.fromkeys(filter(None, versions))),
        chart=BarChart(
            label="recording a trial, ms",
            values={
                name: {
                    case.title: _record_ms(pairs)
                    for (case, other), pairs in measured.items()
                    if other == name
                }
                for name in recorders
                if name in names
            },
        ),
    )


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for (case, name), pairs in measured.items():
        base = measured.get((case, CALLBACK))
        ratios = [cost(pairs) / cost(base) for cost in (_record_ms, _all_ms) if base]
        is_long = case.n_trials > 2 * PART
        growths = [tracked.growth(PART) for _, tracked in pairs if is_long]
        bare_growths = [bare.growth(PART) for bare, _ in pairs if is_long]
        yield (
            f"{case.title}: {name}",
            f"{_all_ms(pairs):.1f}",
            f"{median(bare.ms_a_trial for bare, _ in pairs):.1f}",
            f"{_record_ms(pairs):.1f}",
            *([f"{ratio:.2f}" for ratio in ratios] or ["", ""]),
            *(f"{median(values):.2f}" if values else "" for values in (growths, bare_growths)),
            str(len(pairs)),
        )


def _record_ms(pairs: list[tuple[Timeline, Timeline]]) -> float:
    """Return what recording adds to a trial."""
    bare = median(bare.ms_a_trial for bare, _ in pairs)
    return _all_ms(pairs) - bare


def _all_ms(pairs: list[tuple[Timeline, Timeline]]) -> float:
    """Return what a recorded trial takes."""
    return median(tracked.ms_a_trial for _, tracked in pairs)
