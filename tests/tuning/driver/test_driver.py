"""A study runs its trials on any executor, survives failing ones and goes on where it ended."""

from __future__ import annotations

import dataclasses
import json
import time

import numpy as np
import pytest

from runforest.executors import EXECUTORS, open_executor
from runforest.foundation.errors import StudyError
from runforest.tuning.samplers.pruners import PRUNERS
from runforest.tuning.samplers.table import SAMPLERS, sampler_problems
from runforest.tuning.study.trial_record import TrialRecord
from tests.tuning.studies import (
    GRID,
    SPACE,
    TPE,
    Recording,
    make_study,
    make_table,
    outcome,
    run,
    write_model,
)

GP = "optuna.samplers.GPSampler"
EARLY = {"tpe": TPE, GP: TPE, "nsgaii": {"population_size": 3}}
"""Options with which a sampler soon learns from the trials."""


@pytest.mark.parametrize("name", EXECUTORS)
def test_a_study_finishes_all_its_trials_on_each_executor(name: str) -> None:
    told = Recording()

    with open_executor(name, 2) as executor:
        result = run(make_study(), executor=executor, n_jobs=2, listener=told)

    assert [trial.number for trial in result.trials] == list(range(6))
    assert tuple(told.finished) == result.trials
    assert all(trial.state == "complete" for trial in told.finished)


def test_the_best_trial_has_the_greatest_mean_of_its_folds() -> None:
    result = run(make_study())

    means = [np.mean(trial.fold_scores) for trial in result.trials]
    best = result.trials[int(np.argmax(means))]
    assert result.best.number == best.number
    assert result.best.params == best.params
    assert result.best.value == pytest.approx(max(means))
    assert result.best.std == pytest.approx(np.std(best.fold_scores))


def test_importances_are_shares_of_the_variance() -> None:
    importances = run(make_study(n_trials=10)).importances

    assert set(importances) == set(SPACE)
    assert sum(importances.values()) == pytest.approx(1.0)
    assert list(importances.values()) == sorted(importances.values(), reverse=True)


def test_one_trial_has_no_importances() -> None:
    assert run(make_study(n_trials=1)).importances == {}


@pytest.mark.parametrize("pruner", PRUNERS)
def test_the_same_seed_gives_the_same_trials(pruner: str) -> None:
    first, second = (run(make_study(pruner=pruner)) for _ in range(2))

    assert [*map(outcome, first.trials)] == [*map(outcome, second.trials)]


def test_another_seed_gives_other_trials() -> None:
    first, second = (run(make_study(seed=seed, n_trials=1)) for seed in (1, 2))

    assert first.trials[0].params != second.trials[0].params


@pytest.mark.parametrize("sampler", [*SAMPLERS, GP, "optuna.samplers.TPESampler"])
def test_an_interrupted_study_goes_on_like_an_uninterrupted_one(sampler: str, tmp_path) -> None:
    if sampler_problems(sampler, GRID if sampler == "grid" else SPACE):
        pytest.skip(f"the package of {sampler} is not installed")
    study = make_study(
        n_trials=9,
        n_folds=2,
        sampler=sampler,
        sampler_options=EARLY.get(sampler, {}),
        space=GRID if sampler == "grid" else SPACE,
        pruner="median",
    )
    whole = run(study)
    run(dataclasses.replace(study, n_trials=5), study_file=tmp_path / "study.log")

    resumed = run(study, study_file=tmp_path / "study.log")

    assert [*map(outcome, resumed.trials)] == [*map(outcome, whole.trials)]


def test_a_study_that_goes_on_has_the_same_brackets_of_hyperband(tmp_path) -> None:
    study = make_study(
        n_trials=12, n_folds=4, pruner="hyperband", pruner_options={"reduction_factor": 2}
    )
    whole = run(study)
    run(dataclasses.replace(study, n_trials=5), study_file=tmp_path / "study.log")

    resumed = run(study, study_file=tmp_path / "study.log")

    assert any(trial.state == "pruned" for trial in whole.trials[5:])
    assert [*map(outcome, resumed.trials)] == [*map(outcome, whole.trials)]


def test_finished_trials_are_not_recorded_again(tmp_path) -> None:
    file, told = tmp_path / "study.log", Recording()
    before = run(make_study(n_trials=2), study_file=file)

    after = run(make_study(n_trials=3), study_file=file, listener=told)

    assert [trial.number for trial in told.finished] == [2]
    assert tuple(told.earlier) == before.trials
    assert after.trials[:2] == before.trials


def test_a_torn_last_line_of_the_file_is_dropped(tmp_path) -> None:
    file = tmp_path / "study.log"
    run(make_study(n_trials=2), study_file=file)
    with file.open("ab") as torn:
        torn.write(b'{"op_code": 4, "work')

    run(make_study(n_trials=3), study_file=file)

    assert len(run(make_study(n_trials=3), study_file=file).trials) == 3


def test_a_grid_ends_when_it_is_exhausted() -> None:
    result = run(make_study(sampler="grid", space=GRID, sampler_options={}, n_trials=50))

    assert len({tuple(trial.params.items()) for trial in result.trials}) == 6
    assert len(result.trials) == 6


def test_a_failing_trial_does_not_end_the_study(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "if not self.fit_intercept: 1 / 0")

    result = run(make_study(path))

    failed = [trial for trial in result.trials if not trial.params["fit_intercept"]]
    assert {trial.reason for trial in failed} == {"ZeroDivisionError: division by zero"}
    assert {trial.state for trial in failed} == {"failed"}
    assert result.best.params["fit_intercept"] is True


def test_the_reason_of_a_failed_trial_and_the_study_file_hold_no_secret(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "correct-horse")
    path = write_model(
        tmp_path, monkeypatch, "if not self.fit_intercept: raise ValueError('correct-' + 'horse')"
    )

    result = run(make_study(path), study_file=tmp_path / "study.log")

    assert {trial.reason for trial in result.trials} == {None, "ValueError: ***"}
    assert "correct-horse" not in (tmp_path / "study.log").read_text()


def test_failed_trials_count_when_a_study_goes_on(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "if not self.fit_intercept: 1 / 0")
    whole = run(make_study(path))
    run(make_study(path, n_trials=4), study_file=tmp_path / "study.log")

    resumed = run(make_study(path), study_file=tmp_path / "study.log")

    assert [*map(str, map(outcome, resumed.trials))] == [*map(str, map(outcome, whole.trials))]


def test_an_estimator_that_interrupts_ends_the_study(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        run(make_study(path))


@pytest.mark.parametrize("pruner", ["none", "median"])
def test_a_score_that_is_undefined_fails_its_trial(pruner: str) -> None:
    table = make_table(6)  # Six folds have one test row each, whose R² is undefined.

    with pytest.raises(
        StudyError, match=r"2 of them failed with the score \(r2\) of fold 0 is nan\."
    ):
        run(make_study(n_folds=6, n_trials=2, pruner=pruner), table=table)


def test_a_study_without_a_complete_trial_names_the_commonest_reason(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "1 / 0")

    with pytest.raises(
        StudyError,
        match=r"6 of them failed with ZeroDivisionError: division by zero\. Corr.* with --force",
    ):
        run(make_study(path))


def test_a_failure_without_a_text_is_named_by_its_kind(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "raise MemoryError")

    with pytest.raises(StudyError, match=r"6 of them failed with MemoryError\. Correct"):
        run(make_study(path))


def test_a_pruned_trial_has_fewer_folds_and_no_value() -> None:
    study = make_study(n_trials=12, pruner="successive_halving", n_folds=4)

    pruned = [trial for trial in run(study).trials if trial.state == "pruned"]

    assert pruned
    assert all(0 < len(trial.fold_scores) < 4 and trial.value is None for trial in pruned)


def test_a_timeout_starts_no_further_trial() -> None:
    result = run(
        make_study(n_trials=1000, timeout_s=0.2),
        listener=Recording(lambda _record: time.sleep(0.15)),
    )

    assert 1 <= len(result.trials) < 10


def test_an_interrupt_ends_the_study_and_leaves_finished_trials(tmp_path) -> None:
    def interrupt(record: TrialRecord) -> None:
        if record.number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(make_study(), listener=Recording(interrupt), study_file=tmp_path / "study.log")

    assert len(run(make_study(n_trials=2), study_file=tmp_path / "study.log").trials) == 2


def test_the_record_of_a_trial_survives_json() -> None:
    trial = run(make_study(n_trials=1)).trials[0]

    assert TrialRecord.from_json(json.loads(json.dumps(trial.to_json()))) == trial


def test_a_worker_imports_no_optuna() -> None:
    with open_executor("processes", 1) as executor:
        run(make_study(n_trials=1), executor=executor)

        modules = executor.submit(eval, "'optuna' in __import__('sys').modules").result(60)

    assert not modules
