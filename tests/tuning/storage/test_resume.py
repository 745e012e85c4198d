"""A study that was interrupted, lengthened or narrowed goes on from what it has."""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
import statistics
import threading

import optuna
import pytest
from optuna.search_space import intersection_search_space

from runforest.tuning.reporting import long_trials
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.storage.resume import earlier_trials, is_inside
from runforest.tuning.storage.study_file import StudyFile, read_study_file
from tests.tuning.studies import (
    NUMBERS,
    SPACE,
    Killed,
    Recording,
    StuckExecutor,
    make_study,
    run,
    write_model,
)

NARROW = parse_space(
    {
        "alpha": {"type": "float", "low": 1e-3, "high": 20.0, "log": True},
        "tol": {"type": "float", "low": 1e-4, "high": 1e-2},
        "fit_intercept": [True],
    }
)


def test_trials_inside_a_narrowed_space_are_used(tmp_path, caplog) -> None:
    caplog.set_level(logging.INFO)
    file, told = tmp_path / "study.log", Recording()
    before = run(make_study(n_trials=12), study_file=file)
    inside = [trial for trial in before.trials if is_inside(trial.params, NARROW)]
    assert 0 < len(inside) < 12

    result = run(make_study(n_trials=8, space=NARROW), study_file=file, listener=told)

    assert [trial.params for trial in told.earlier] == [trial.params for trial in inside]
    assert [trial.number for trial in result.trials] == list(range(8))
    assert all(is_inside(trial.params, NARROW) for trial in result.trials)
    told = f"{12 - len(inside)} earlier trials lie outside of the search space and are left out."
    assert told in caplog.messages


def test_cmaes_begins_anew_in_the_middle_of_a_narrowed_space(tmp_path) -> None:
    pytest.importorskip("cmaes")
    wide, narrow = (
        {**NUMBERS, **parse_space({"alpha": {"type": "float", "low": 0.0, "high": high}})}
        for high in (1000.0, 100.0)
    )
    file, told = tmp_path / "study.log", Recording()
    study = make_study(
        sampler="cmaes", sampler_options={"popsize": 4}, space=wide, n_trials=30, n_folds=2, seed=3
    )
    run(study, study_file=file)

    run(dataclasses.replace(study, space=narrow, n_trials=11), study_file=file, listener=told)

    # CMA-ES draws its first generation around the middle, with a sixth of the range as deviation.
    generation = [trial.params["alpha"] for trial in told.finished]
    assert len(generation) == 4
    assert abs(statistics.fmean(generation) - 50.0) < 3 * (100 / 6) / math.sqrt(4)


def test_a_narrowed_space_can_be_widened_again(tmp_path) -> None:
    file, told = tmp_path / "study.log", Recording()
    run(make_study(n_trials=6), study_file=file)
    run(make_study(n_trials=6, space=NARROW), study_file=file)

    run(make_study(n_trials=20), study_file=file, listener=told)

    assert len(told.earlier) > 6
    assert len({trial.uid for trial in told.earlier}) == len(told.earlier)


def test_a_smaller_number_of_trials_takes_the_first_ones(tmp_path) -> None:
    file, output = tmp_path / "study.log", tmp_path / "fewer.log"
    before = run(make_study(n_trials=6), study_file=file)

    fewer = run(make_study(n_trials=4), study_file=file, output=output)

    assert fewer.trials == before.trials[:4]
    assert len(read_study_file(output).trials) == 4
    assert len(read_study_file(file).trials) == 6


def test_trials_that_were_running_are_tried_again_under_their_uid(tmp_path) -> None:
    file, study = tmp_path / "study.log", make_study(n_trials=4, n_folds=2)
    params = {"alpha": 2.5, "tol": 0.005, "fit_intercept": True}
    run(dataclasses.replace(study, n_trials=2), study_file=file)
    StudyFile(file, study.objectives).add_started("0123456789ab", params)

    result = run(study, study_file=file)

    (again,) = [trial for trial in result.trials if trial.uid == "0123456789ab"]
    assert again.params == params
    assert again.number == 2
    assert earlier_trials(StudyFile(file, study.objectives), study).unfinished == {}


@pytest.mark.parametrize("n_stuck", [0, 7])
def test_a_float_that_optuna_stored_beside_its_step_can_be_the_new_end(tmp_path, n_stuck) -> None:
    wide, narrow = (
        parse_space({"alpha": {"type": "float", "low": 0.1, "high": high, "step": 0.1}})
        for high in (0.5, 0.3)
    )
    study = make_study(n_trials=8, n_folds=2, space=wide, sampler="random", sampler_options={})
    file, executor = tmp_path / "study.log", StuckExecutor(*range(n_stuck))
    with pytest.raises(KeyboardInterrupt):
        run(study, executor=executor, n_jobs=8, listener=Killed(7 - n_stuck), study_file=file)

    result = run(dataclasses.replace(study, space=narrow), study_file=file)

    assert 0.3 in {trial.params["alpha"] for trial in result.trials}


def test_the_stored_study_has_one_search_space_after_it_was_widened(tmp_path) -> None:
    file, output = tmp_path / "study.log", tmp_path / "copy.log"
    wide = parse_space({"alpha": {"type": "float", "low": 1e-4, "high": 1e4, "log": True}})
    run(make_study(n_trials=3), study_file=file)

    result = run(make_study(n_trials=5, space={**SPACE, **wide}), study_file=file, output=output)

    trials = read_study_file(output).trials
    assert intersection_search_space(trials).keys() == SPACE.keys()
    assert [trial.params for trial in trials] == [trial.params for trial in result.trials]


def test_a_task_that_suggests_more_than_its_space_goes_on(tmp_path) -> None:
    def suggest_more(trial: optuna.Trial, space) -> dict[str, object]:
        params = suggest(trial, space)
        if params["fit_intercept"]:
            params["positive"] = trial.suggest_categorical("positive", [True, False])
        return params

    file, told = tmp_path / "study.log", Recording()
    study = make_study(is_conditional=True, n_trials=4, n_folds=2)
    before = run(study, suggesting=suggest_more, study_file=file)

    run(
        dataclasses.replace(study, n_trials=5),
        suggesting=suggest_more,
        study_file=file,
        listener=told,
    )

    assert tuple(told.earlier) == before.trials
    assert {len(trial.params) for trial in before.trials} == {3, 4}


def test_a_study_goes_on_after_a_choice_that_is_no_number_of_the_range(tmp_path) -> None:
    file, steps = tmp_path / "study.log", {"type": "float", "low": 0.5, "high": 2.0, "step": 0.5}
    choices = parse_space({"alpha": [math.nan, 1.0]})
    before = run(make_study(space=choices, n_trials=6), study_file=file)
    assert {math.isnan(trial.params["alpha"]) for trial in before.trials} == {True, False}

    after = run(make_study(space=parse_space({"alpha": steps}), n_trials=6), study_file=file)

    kept = [trial.uid for trial in before.trials if trial.params["alpha"] == 1.0]
    assert [trial.uid for trial in after.trials][: len(kept)] == kept
    assert all(0.5 <= trial.params["alpha"] <= 2.0 for trial in after.trials)


def test_the_lock_of_a_killed_writer_is_not_waited_for(tmp_path) -> None:
    file = tmp_path / "study.log"
    run(make_study(n_trials=2), study_file=file)
    lock = tmp_path / "study.log.lock"
    lock.symlink_to(file)

    result = run(make_study(n_trials=3), study_file=file)

    assert len(result.trials) == 3


def test_the_first_interrupt_lets_running_trials_finish(tmp_path, monkeypatch) -> None:
    sent = str(tmp_path / "sent")
    interrupt = f"(open({sent!r}, 'w').close(), os.kill(os.getpid(), signal.SIGINT))"
    path = write_model(tmp_path, monkeypatch, f"os.path.exists({sent!r}) or {interrupt}")
    file, told = tmp_path / "study.log", Recording()

    with pytest.raises(KeyboardInterrupt):
        run(make_study(path), study_file=file, listener=told)

    assert [(trial.state, len(trial.fold_scores)) for trial in told.finished] == [("complete", 3)]
    assert len(read_study_file(file).trials) == 1


def test_the_interrupt_of_a_thread_is_left_alone() -> None:
    results = []
    handler = signal.getsignal(signal.SIGINT)

    thread = threading.Thread(target=lambda: results.append(run(make_study(n_trials=1))))
    thread.start()
    thread.join()

    assert len(results) == 1
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_study_is_read_as_one_of_optuna(tmp_path) -> None:
    file = tmp_path / "study.log"
    result = run(make_study(), study_file=file, output=tmp_path / "copy.log")
    content = (tmp_path / "copy.log").read_bytes()

    study = read_study_file(tmp_path / "copy.log")

    assert isinstance(study, optuna.Study)
    assert study.best_value == pytest.approx(result.best.value)
    assert study.best_params == result.best.params
    assert (tmp_path / "copy.log").read_bytes() == content


def test_a_file_without_a_study_is_refused(tmp_path) -> None:
    (tmp_path / "study.log").touch()

    with pytest.raises(ValueError, match="Name a run whose tuner has finished"):
        read_study_file(tmp_path / "study.log")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"a": 0.3, "b": 2, "c": True}, True),
        ({"a": 0.30000000000000004, "b": 2, "c": True}, True),
        ({"a": 0.35, "b": 2, "c": True}, False),
        ({"a": math.nan, "b": 2, "c": True}, False),
        ({"a": 0.3, "b": math.inf, "c": True}, False),
        ({"a": 0.3, "b": 2, "c": math.nan}, True),
        ({"a": 0.3, "b": 4, "c": True}, False),
        ({"a": 0.3, "b": 2, "c": 1}, False),
        ({"a": 0.3, "b": 2}, False),
        ({"a": 0.3, "b": 2, "c": True, "d": 1}, False),
    ],
)
def test_a_trial_is_inside_when_the_space_could_have_suggested_it(params, expected) -> None:
    space = parse_space(
        {
            "a": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.1},
            "b": {"type": "int", "low": 2, "high": 3},
            "c": [True, "x", math.nan],
        }
    )

    assert is_inside(params, space) is expected


def test_a_trial_that_lasts_is_recorded_once_while_it_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(long_trials, "LONG_S", 0.1)
    monkeypatch.setattr(long_trials, "POLL_S", 0.05)
    path = write_model(tmp_path, monkeypatch, "__import__('time').sleep(0.4)")
    told = Recording()

    result = run(make_study(path, n_trials=2, n_folds=2), listener=told)

    assert told.long == [trial.uid for trial in result.trials]


def test_an_error_while_a_long_trial_is_recorded_ends_the_study(tmp_path, monkeypatch) -> None:
    class Failing(Recording):
        def trial_is_long(self, running) -> None:
            message = f"no space left for {running.uid}"
            raise OSError(message)

    monkeypatch.setattr(long_trials, "LONG_S", 0.1)
    monkeypatch.setattr(long_trials, "POLL_S", 0.05)
    path = write_model(tmp_path, monkeypatch, "__import__('time').sleep(0.4)")
    told = Failing()

    with pytest.raises(OSError, match="no space left"):
        run(make_study(path, n_trials=9, n_folds=2), listener=told)

    assert len(told.finished) == 1


def test_a_short_trial_is_not_recorded_while_it_runs() -> None:
    told = Recording()

    run(make_study(n_trials=2), listener=told)

    assert told.long == []


def test_a_choice_that_is_no_number_is_left_out_of_a_range_that_follows(tmp_path) -> None:
    file = tmp_path / "study.journal"
    choices = parse_space({"tol": [math.nan, 0.5], "alpha": [1.0, 2.0]})
    steps = {"type": "float", "low": 0.1, "high": 1.0, "step": 0.1}
    before = run(make_study(space=choices, n_trials=4), study_file=file)

    after = run(
        make_study(space=parse_space({"tol": steps, "alpha": [1.0, 2.0]}), n_trials=5),
        study_file=file,
    )

    kept = [trial.params for trial in before.trials if trial.params["tol"] == 0.5]
    assert [trial.params for trial in after.trials][: len(kept)] == kept
    assert len(after.trials) == 5
    assert not any(math.isnan(trial.params["tol"]) for trial in after.trials)
