"""What a task suggests by itself is kept as JSON, or refused before it is computed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from runforest.foundation.errors import StudyError
from runforest.tuning.storage.study_file import StudyFile
from tests.tuning.studies import Killed, Recording, make_study, run

if TYPE_CHECKING:
    import optuna


def suggesting(value: object):
    """Return a task's own suggestion of one alpha."""

    def suggest(trial: optuna.Trial, space) -> dict[str, object]:  # noqa: ARG001
        trial.suggest_int("power", 0, 3)
        return {"alpha": value}

    return suggest


def make_own_study():
    return make_study(n_trials=2, n_folds=2, space={}, is_conditional=True)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.int64(2), 2),
        (np.float32(0.5), 0.5),
        ((1.0, np.int64(2)), [1.0, 2]),
        ({"a": (None, True)}, {"a": [None, True]}),
    ],
)
def test_a_suggested_value_is_recorded_as_the_trainer_reads_it(value, kept, tmp_path) -> None:
    told = Killed(0)

    with pytest.raises(KeyboardInterrupt):
        run(
            make_own_study(),
            suggesting=suggesting(value),
            listener=told,
            study_file=tmp_path / "study.log",
        )

    (record,) = told.finished
    assert record.params == {"alpha": kept}
    assert type(record.params["alpha"]) is type(kept)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Lasso(), "a Lasso for `alpha`"),
        ([Lasso()], "a Lasso for `alpha`"),
        ({0: 1.0}, "a dict with the key 0 for `alpha`"),
    ],
)
def test_an_object_is_refused_before_its_trial_is_computed(value, named, tmp_path) -> None:
    file, told = tmp_path / "study.log", Recording()

    with pytest.raises(StudyError, match=f"{named}.* in a subclass of the estimator"):
        run(make_own_study(), suggesting=suggesting(value), listener=told, study_file=file)

    assert told.finished == []
    assert StudyFile(file, ["r2"]).started() == {}


def test_a_choice_that_json_does_not_know_is_refused() -> None:
    def suggest(trial: optuna.Trial, space) -> dict[str, object]:  # noqa: ARG001
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Optuna's own, of the same.
            return {"alpha": trial.suggest_categorical("alphas", [(1.0,), (2.0,)])[0]}

    with pytest.raises(StudyError, match=r"`alphas` hold a tuple.* look up in suggest\(\)"):
        run(make_own_study(), suggesting=suggest)
