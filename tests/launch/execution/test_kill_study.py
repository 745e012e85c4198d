"""`kill -9` of a study's driver or of a worker: it goes on, with every trial once."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest

from runforest.run.events import StudyStarted
from tests.conftest import wait_until
from tests.launch.execution.counted_study import (
    ESTIMATOR,
    N_FOLDS,
    N_TRIALS,
    PARALLEL,
    CountedStudy,
    make_study,
    show_running_trials,
)
from tests.launch.execution.killing import PATIENCE_S, Course, Instant, kill_run, phase_of_kill
from tests.warm import kill_group

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

N_ROUNDS = int(os.environ.get("STUDY_KILL_ROUNDS", "3"))
SERIAL_EVERY = 3
"""One round in so many is serial; the others have two worker processes."""

SHOWN = 0.5
"""Part of the rounds in which trials count as long ones, whose child runs are there at once."""

SERIAL: tuple[str, ...] = ()
WORKER_DIED = "a worker process died"
FIT = "    def fit(self, X, y):\n"
FAIL_WHILE_BROKEN = """\
        if __import__("pathlib").Path("broken").exists():
            raise OSError("the disk is away")
"""


@dataclass
class Victims:
    """What can be killed of a program, and what that leaves behind."""

    orphans: list[psutil.Process] = field(default_factory=list)

    def everything(self, group: int) -> None:
        """Kill the program and its workers."""
        kill_group(group)

    def driver(self, group: int) -> None:
        """Kill the program alone."""
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            self.orphans += psutil.Process(group).children(recursive=True)
            os.kill(group, signal.SIGKILL)

    def worker(self, group: int) -> None:
        """Kill a worker as soon as there is one; none comes when the study is over."""
        wait_until(lambda: bool(workers(group)) or not psutil.pid_exists(group), PATIENCE_S)
        for worker in workers(group)[:1]:
            with suppress(psutil.NoSuchProcess):
                worker.kill()

    def remove_orphans(self) -> None:
        """Kill what is left of programs that were killed alone."""
        for orphan in self.orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()


def workers(group: int) -> list[psutil.Process]:
    """Return the processes that compute a program's trials."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(group).children(recursive=True)
        return [child for child in children if "popen_loky_posix" in " ".join(child.cmdline())]
    return []


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs; one that nobody has waited for yet does not."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@dataclass
class Round:
    """A study that is killed once or twice and then run to its end."""

    study: CountedStudy
    options: tuple[str, ...]
    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def kill(self, victims: Victims, name: str, instant: Instant) -> None:
        """Run and kill something at an instant."""

        def strike(group: int) -> None:
            self.kills.append(f"{name}: {phase_of_kill(self.study.project)}")
            getattr(victims, name)(group)

        outcome = kill_run(self.study.project, self.options, instant, strike)
        text = outcome.out + outcome.err
        if outcome.code == 1 and WORKER_DIED not in text:
            self.problems.append(text)

    def finish(self) -> None:
        """Run to the end, and see that every trial is there once."""
        finished, before = self.study.finished_points(), self.study.fits()
        outcome = self.study.project.run(*self.options)
        if outcome.code != 0:
            self.problems.append(outcome.out + outcome.err)
            return
        fits = self.study.fits()
        again = [point for point in finished if fits[point] != before[point]]
        self.problems += [f"finished and fitted again {again}"] if again else []
        self.problems += self.study.problems(len(self.kills))


def play_round(study: CountedStudy, courses: dict[tuple[str, ...], Course], number: int) -> Round:
    """Return a round, whose number decides what is killed when."""
    chance, victims = random.Random(number), Victims()
    options = SERIAL if number % SERIAL_EVERY == 0 else PARALLEL
    if chance.random() < SHOWN:
        show_running_trials(study.project)
    this = Round(study, options)
    try:
        for _ in range(chance.choice((1, 1, 2))):
            name = chance.choice(("everything", "driver", "worker"))
            instant = courses[options].random_instant(chance, StudyStarted)
            this.kill(victims, "everything" if options == SERIAL else name, instant)
        this.finish()
    finally:
        victims.remove_orphans()
    return this


def test_a_killed_study_ends_with_every_trial_once(tmp_path: Path, empty_store: Path) -> None:
    courses = {
        options: Course(make_study(tmp_path / name, empty_store).project, *options)
        for name, options in (("serial", SERIAL), ("parallel", PARALLEL))
    }

    with ThreadPoolExecutor(2) as pool:
        rounds = list(
            pool.map(
                lambda number: play_round(
                    make_study(tmp_path / str(number), empty_store), courses, number
                ),
                range(N_ROUNDS),
            )
        )

    kills = Counter(kill for one in rounds for kill in one.kills)
    print(*kills.most_common(), sep="\n")  # noqa: T201 - with -s
    assert len(rounds) == N_ROUNDS
    assert [(one.kills, one.problems) for one in rounds if one.problems] == []


def test_more_trials_go_on_from_those_of_a_finished_run(tmp_path: Path, empty_store: Path) -> None:
    study = make_study(tmp_path / "project", empty_store)
    project, n_more = study.project, N_TRIALS + 3
    assert project.run().code == 0
    (first,) = project.top_runs()

    outcome = project.run("--set", f"Tuner.n_trials={n_more}")

    assert outcome.code == 0, outcome.err
    second = project.top_runs()[0]
    for run, numbers in ((first, range(N_TRIALS)), (second, range(N_TRIALS, n_more))):
        names = sorted(child.info.run_name for child in project.children(run))
        assert names == [f"trial {number}" for number in numbers]
    assert f"/runs/{first.info.run_id})" in second.data.tags["mlflow.note.content"]
    assert {run.info.status for run in project.runs()} == {"FINISHED"}
    assert study.table(second).head(N_TRIALS).equals(study.table(first))
    assert list(study.fits().values()) == [N_FOLDS] * n_more


def test_a_forced_study_that_was_killed_goes_on_unless_it_is_forced_again(
    tmp_path: Path, empty_store: Path
) -> None:
    study = make_study(tmp_path / "project", empty_store)
    process = study.project.start("--force", "Tuner", "--set", "Tuner.n_trials=100000")
    try:
        wait_until(lambda: len(study.finished_points()) > 1, timeout_s=PATIENCE_S)
    finally:
        kill_group(process.pid)
        process.communicate()
    points, before = study.finished_points(), study.fits()
    more = ("--set", f"Tuner.n_trials={len(points) + 1}")

    outcome = study.project.run(*more)

    assert outcome.code == 0, outcome.err
    assert {point: study.fits()[point] for point in points} == {p: before[p] for p in points}
    outcome = study.project.run("--force", "Tuner", *more)
    assert outcome.code == 0, outcome.err
    assert {study.fits()[point] - before[point] for point in points} == {N_FOLDS}


def test_a_forced_study_takes_the_place_of_one_whose_trials_failed(
    tmp_path: Path, empty_store: Path
) -> None:
    study, n_more = make_study(tmp_path / "project", empty_store), N_TRIALS + 2
    broken = study.project.write("broken", "")
    study.project.write("src/counted.py", ESTIMATOR.replace(FIT, FIT + FAIL_WHILE_BROKEN))
    assert "with --force" in study.project.run().out
    broken.unlink()

    forced = study.project.run("--force", "Tuner")
    more = study.project.run("--set", f"Tuner.n_trials={n_more}")

    assert (forced.code, more.code) == (0, 0), forced.err + more.err
    table = study.table(study.project.top_runs()[0])
    assert list(table["state"]) == ["complete"] * n_more
    assert list(study.fits().values()) == [N_FOLDS] * n_more


def test_workers_end_when_their_driver_was_killed(tmp_path: Path, empty_store: Path) -> None:
    study, victims = make_study(tmp_path / "project", empty_store), Victims()
    process = study.project.start(*PARALLEL, "--set", "Tuner.n_trials=100000")
    try:
        wait_until(lambda: len(study.finished_points()) > 1, timeout_s=PATIENCE_S)

        victims.driver(process.pid)

        assert len(victims.orphans) >= 2
        wait_until(lambda: not any(map(is_alive, victims.orphans)))
    finally:
        kill_group(process.pid)
        victims.remove_orphans()
        process.communicate()
