"""A trial keeps its place in a study that goes on: its number, its random numbers, its point."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from runforest.tuning.journal import StudyJournal
from runforest.tuning.space import parse_space, suggest
from tests.tuning.studies import (
    GRID,
    NUMBERS,
    SPACE,
    TPE,
    InterruptedExecutor,
    Killed,
    StuckExecutor,
    make_study,
    outcome,
    run,
)

if TYPE_CHECKING:
    import optuna


@pytest.mark.parametrize(("sampler", "space"), [("grid", GRID), ("qmc", SPACE)])
def test_a_sequence_goes_on_after_trials_that_were_running(sampler, space, tmp_path) -> None:
    study = make_study(sampler=sampler, space=space, sampler_options={}, n_trials=6, n_folds=2)
    whole, file = run(study), tmp_path / "study.log"
    with pytest.raises(KeyboardInterrupt):
        run(study, executor=StuckExecutor(2), n_jobs=2, listener=Killed(3), study_file=file)
    running = StudyJournal(file, study.objectives).unfinished()

    result = run(study, study_file=file)

    assert {str(trial.params) for trial in result.trials} == {str(t.params) for t in whole.trials}
    assert running.keys() <= {trial.uid for trial in result.trials}
    assert len(running) == 1


@pytest.mark.parametrize(
    ("sampler", "options"),
    [("tpe", TPE), ("nsgaii", {"population_size": 4}), ("cmaes", {"popsize": 4})],
)
def test_a_study_killed_during_a_trial_goes_on_like_an_uninterrupted_one(
    sampler, options, tmp_path
) -> None:
    pytest.importorskip("cmaes" if sampler == "cmaes" else "optuna")
    study = make_study(
        sampler=sampler, sampler_options=options, space=NUMBERS, n_trials=12, n_folds=2
    )
    whole, file = run(study), tmp_path / "study.log"
    with pytest.raises(KeyboardInterrupt):
        run(study, executor=InterruptedExecutor(4), study_file=file)

    result = run(study, study_file=file)

    assert [*map(outcome, result.trials)] == [*map(outcome, whole.trials)]


def test_a_grid_is_visited_whole_with_hyperband() -> None:
    study = make_study(sampler="grid", space=GRID, sampler_options={}, pruner="hyperband")

    result = run(study)

    assert len({tuple(trial.params.values()) for trial in result.trials}) == 6


def test_a_narrowed_study_draws_other_random_numbers_than_before(tmp_path) -> None:
    study = make_study(sampler="random", sampler_options={}, n_trials=12, n_folds=2)
    always = parse_space({"fit_intercept": [True]})
    run(study, study_file=tmp_path / "study.log")

    result = run(
        dataclasses.replace(study, space={**SPACE, **always}), study_file=tmp_path / "study.log"
    )

    assert len(result.trials) == len({trial.params["alpha"] for trial in result.trials}) == 12


def test_trials_keep_the_numbers_in_which_they_were_asked(tmp_path) -> None:
    known, file = {}, tmp_path / "study.log"

    def suggest_and_note(trial: optuna.Trial, space) -> dict[str, object]:
        params = suggest(trial, space)
        known.update({each.params["alpha"]: each.number for each in trial.study.trials})
        return params

    study = make_study(pruner="hyperband", n_trials=8, sampler="random", sampler_options={})
    with pytest.raises(KeyboardInterrupt):
        run(
            study,
            executor=StuckExecutor(2),
            n_jobs=2,
            listener=Killed(4),
            suggesting=suggest_and_note,
            study_file=file,
        )
    before = dict(known)

    run(study, suggesting=suggest_and_note, study_file=file)

    assert before.items() <= known.items()
    assert sorted(known.values()) == list(range(8))
