"""The table of trials can be written and read, whatever values the search space has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.results.artifacts import Artifact
from runforest.tuning.space.table import parse_space, suggest
from runforest.tuning.study.tables import best_trials, trials_table
from tests.tuning.studies import make_study, run

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from runforest.tuning.study.spec import StudyResult

FOREST = "sklearn.ensemble.RandomForestRegressor"


def run_forest(suggesting=suggest, **choices: list[object]) -> StudyResult:
    """Return a study of the whole grid of some choices."""
    space = parse_space({"n_estimators": [2], **choices})
    study = make_study(FOREST, space=space, sampler="grid", sampler_options={}, n_folds=2)
    return run(study, suggesting=suggesting)


def stored(result: StudyResult, folder: Path) -> pd.DataFrame:
    """Return the table as a later task reads it."""
    artifact = Artifact(folder, "trials.parquet")
    artifact.save(trials_table(result.trials))
    return artifact.load()


@pytest.mark.parametrize(
    ("choices", "texts"),
    [(["sqrt", 0.5, 1], {"sqrt", "0.5", "1"}), ([True, "sqrt"], {"True", "sqrt"})],
)
def test_a_parameter_of_several_types_is_a_column_of_text(choices, texts, tmp_path) -> None:
    result = run_forest(max_features=choices)

    table = stored(result, tmp_path)

    assert set(table["params.max_features"]) == texts
    assert {row["max_features"] for row in best_trials(table, {"accuracy": "maximize"})} == texts


def test_integers_and_other_numbers_are_a_column_of_numbers(tmp_path) -> None:
    result = run_forest(max_features=[1, 0.5])

    assert sorted(stored(result, tmp_path)["params.max_features"]) == [0.5, 1.0]


def test_a_value_that_a_trial_has_not_got_is_missing_among_texts(tmp_path) -> None:
    def suggest_some(trial, **_) -> dict[str, object]:
        size = trial.suggest_int("n_estimators", 2, 5)
        choices = {2: "sqrt", 3: 0.5, 4: None}
        return {"n_estimators": size} | ({"max_features": choices[size]} if size in choices else {})

    result = run_forest(suggesting=suggest_some, n_estimators=[2, 3, 4, 5])

    table = stored(result, tmp_path).sort_values("params.n_estimators")

    assert list(table["params.max_features"].isna()) == [False, False, True, True]
    assert list(table["params.max_features"][:2]) == ["sqrt", "0.5"]
