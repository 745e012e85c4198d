"""Several objectives: what is better, which trials no other one beats, what can't be combined."""

from __future__ import annotations

import dataclasses

import optuna
import pytest

from runforest.model.estimator_spec import EstimatorSpec
from runforest.run.active import DatasetFacts
from runforest.tuning.checks import study_problems
from runforest.tuning.reporting.plots import study_figures
from runforest.tuning.samplers.table import SAMPLERS
from runforest.tuning.storage.study_file import read_study_file
from runforest.tuning.study.result import study_result
from runforest.tuning.study.tables import best_trials, trials_table
from tests.tuning.studies import GRID, GRID_TABLE, make_study, run

FACTS = DatasetFacts(n_rows=60, n_target_values=60, smallest_class=1)
SPACE_TABLE = {"alpha": [0.1, 1.0, 10.0]}
TIMED = ("r2", "fit_time")


def with_values(*points: tuple[float, float]) -> list[object]:
    """Return complete trials with the given means of two objectives."""
    trial = run(make_study(n_trials=1, objectives=TIMED)).trials[0]
    return [
        dataclasses.replace(trial, number=number, value=first, further={"fit_time": (second,)})
        for number, (first, second) in enumerate(points)
    ]


def problems(**changes: object) -> dict[str, str]:
    return study_problems(make_study(**{"sampler_options": {}, **changes}), SPACE_TABLE, FACTS)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(0.9, 2.0), (0.8, 1.0), (0.7, 3.0)], [0, 1]),
        ([(0.9, 2.0), (0.9, 1.0)], [1]),
        ([(0.9, 1.0), (0.9, 1.0), (0.5, 0.5)], [0, 1, 2]),
        ([(0.5, 1.0)], [0]),
    ],
)
def test_the_front_has_the_trials_that_no_other_one_beats(points, front) -> None:
    records = with_values(*points)
    study = optuna.create_study(directions=["maximize", "minimize"])
    for record in reversed(records):
        attributes = {"record": record.to_json()}
        study.add_trial(optuna.trial.create_trial(values=record.means, user_attrs=attributes))

    assert list(study_result(records, study, make_study(objectives=TIMED)).front) == front


def test_the_best_trial_leads_in_the_first_objective_and_lies_on_the_front() -> None:
    result = run(make_study(objectives=TIMED, n_trials=8))

    values = [trial.value for trial in result.trials]
    assert result.best.value == max(values)
    assert result.best.number in result.front
    assert all(len(trial.further["fit_time"]) == 3 for trial in result.trials)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_takes_several_objectives_or_is_refused(sampler: str) -> None:
    study = make_study(
        objectives=TIMED, sampler=sampler, sampler_options={}, space=GRID, n_trials=5
    )

    told = study_problems(study, GRID_TABLE, FACTS)

    assert "sampler" in told or len(run(study).trials) == 5


def test_a_study_of_two_objectives_goes_on(tmp_path) -> None:
    file = tmp_path / "study.log"
    before = run(make_study(objectives=TIMED, n_trials=3), study_file=file)

    after = run(make_study(objectives=TIMED, n_trials=5), study_file=file)

    assert after.trials[:3] == before.trials


def test_the_table_marks_the_trials_of_the_front_and_shows_them_first() -> None:
    result = run(make_study(objectives=TIMED, n_trials=6))

    table = trials_table(result.trials, result.front)
    rows = best_trials(table, {"r2": "maximize", "fit_time": "minimize"})

    assert sorted(table.loc[table["is_on_front"], "number"]) == sorted(result.front)
    assert {row["number"] for row in rows[: len(result.front)]} == set(result.front)
    assert "fit_time" in rows[0]


@pytest.mark.parametrize("objectives", [("r2",), TIMED])
def test_only_a_study_of_several_objectives_has_a_figure_of_its_front(tmp_path, objectives) -> None:
    study, file = make_study(objectives=objectives), tmp_path / "study.journal"

    figures = study_figures(run(study, output=file), study, read_study_file(file))

    assert ("pareto_front" in figures) == (len(objectives) > 1)


@pytest.mark.parametrize(
    ("changes", "key", "remedy"),
    [
        ({"objectives": ("fit_time",)}, "scoring", "the first must be a scorer, got fit_time"),
        ({"objectives": ("r2", "r2")}, "scoring", "Keep one of them"),
        ({"objectives": ("r2", "fit_tme")}, "scoring", "unknown scorer `fit_tme`"),
        ({"objectives": TIMED, "pruner": "median"}, "pruner", 'Set pruner = "none"'),
        ({"objectives": TIMED, "sampler": "cmaes"}, "sampler", "Use tpe or nsgaii"),
        ({"prune_by": "iterations"}, "prune_by", "needs a pruner. Choose one of: median"),
        (
            {"prune_by": "iterations", "pruner": "wilcoxon"},
            "prune_by",
            'Set prune_by = "folds", or use median',
        ),
        ({"prune_by": "iterations", "pruner": "median"}, "prune_by", "cannot be trained in steps"),
        ({"timeout_s": -1.0}, "timeout_s", "0 is no limit"),
    ],
)
def test_the_error_of_what_does_not_go_together_has_a_remedy(changes, key, remedy) -> None:
    assert remedy in problems(**changes)[key]


CATBOOST = EstimatorSpec(
    path="catboost.CatBoostRegressor",
    params={"iterations": 5, "allow_writing_files": False},
    seed=0,
    kind="regression",
)
MLP = EstimatorSpec(
    path="sklearn.neural_network.MLPRegressor", params={}, seed=0, kind="regression"
)


@pytest.mark.parametrize(
    ("estimator", "space", "remedy"),
    [
        (CATBOOST, {"depth": [2, 3]}, "Give `learning_rate`"),
        (CATBOOST, {"learning_rate": {"type": "float", "low": 0.1, "high": 0.3}}, None),
        (MLP, {"solver": ["adam", "sgd"]}, None),
        (MLP, {"solver": ["adam", "lbfgs"], "alpha": [0.1]}, 'Use "adam" or "sgd"'),
        (MLP, {"solver": ["lbfgs", "adam"], "alpha": [0.1]}, 'Use "adam" or "sgd"'),
    ],
)
def test_the_search_space_counts_for_training_in_steps(estimator, space, remedy) -> None:
    pytest.importorskip(estimator.path.partition(".")[0])
    study = make_study(
        estimator=estimator, sampler_options={}, pruner="median", prune_by="iterations"
    )

    told = study_problems(study, space, FACTS)

    assert told.keys() == ({"prune_by"} if remedy else set())
    assert (remedy or "") in told.get("prune_by", "")


def test_a_sound_study_has_no_problem() -> None:
    assert problems(objectives=TIMED) == {}


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_the_space_of_a_task_that_suggests_by_itself_is_not_judged(sampler: str) -> None:
    pytest.importorskip("cmaes" if sampler == "cmaes" else "optuna")
    study = make_study(sampler=sampler, sampler_options={}, is_conditional=True)

    assert study_problems(study, None, FACTS) == {}
