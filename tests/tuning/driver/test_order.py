"""A trial keeps its place in a study that goes on: its number, its random numbers, its point."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from runforest.foundation.errors import StudyError
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.storage.resume import earlier_trials
from runforest.tuning.storage.study_file import StudyFile
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
    write_model,
)

if TYPE_CHECKING:
    import optuna


@pytest.mark.parametrize(("sampler", "space"), [("grid", GRID), ("qmc", SPACE)])
def test_a_sequence_goes_on_after_trials_that_were_running(sampler, space, tmp_path) -> None:
    study = make_study(sampler=sampler, space=space, sampler_options={}, n_trials=6, n_folds=2)
    whole, file = run(study), tmp_path / "study.log"
    with pytest.raises(KeyboardInterrupt):
        run(study, executor=StuckExecutor(2), n_jobs=2, listener=Killed(3), study_file=file)
    running = earlier_trials(StudyFile(file, study.objectives), study).unfinished

    result = run(study, study_file=file)

    assert {str(trial.params) for trial in result.trials} == {str(t.params) for t in whole.trials}
    assert running.keys() <= {trial.uid for trial in result.trials}
    assert len(running) == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_quasi_random_sequence_goes_on_after_trials_that_failed(
    n_jobs, tmp_path, monkeypatch
) -> None:
    mended, file = tmp_path / "mended", tmp_path / "study.log"
    path = write_model(tmp_path, monkeypatch, f"os.path.exists({str(mended)!r}) or 1 / 0")
    study = make_study(path, sampler="qmc", sampler_options={}, n_folds=2)
    with pytest.raises(StudyError, match="division by zero"):
        run(dataclasses.replace(study, n_trials=2), n_jobs=n_jobs, study_file=file)
    mended.touch()
    whole = run(study)

    result = run(study, n_jobs=n_jobs, study_file=file)

    assert [trial.params for trial in result.trials] == [trial.params for trial in whole.trials]
    assert len({trial.params["alpha"] for trial in result.trials}) == 6


def test_what_is_suggested_beyond_a_sequence_is_not_drawn_again(tmp_path) -> None:
    def suggest_more(trial: optuna.Trial, space) -> dict[str, object]:
        name = "odd" if trial.number % 2 else "even"
        return {**suggest(trial, space), "max_iter": 10 + trial.suggest_int(name, 0, 10**6)}

    study = make_study(sampler="qmc", sampler_options={}, n_folds=2, is_conditional=True)
    whole, file = run(study, suggesting=suggest_more), tmp_path / "study.log"
    run(dataclasses.replace(study, n_trials=3), suggesting=suggest_more, study_file=file)

    result = run(study, suggesting=suggest_more, study_file=file)

    assert [trial.params for trial in result.trials] == [trial.params for trial in whole.trials]


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


def test_trials_keep_the_numbers_in_which_they_were_started(tmp_path) -> None:
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
