"""Too many folds are refused before a fold is made."""

from __future__ import annotations

import pytest

from runforest.model_checks import fold_count_problem


@pytest.mark.parametrize(
    ("n_rows", "smallest_class", "kind", "remedy"),
    [
        pytest.param(100, 3, "classification", "Set n_folds = 3.", id="small class"),
        pytest.param(100, 1, "classification", "Merge that class with another.", id="lone row"),
        pytest.param(4, 1, "regression", "Set n_folds = 4.", id="few rows"),
    ],
)
def test_too_many_folds_have_a_remedy(n_rows, smallest_class, kind, remedy) -> None:
    problem = fold_count_problem(5, n_rows, smallest_class, kind)

    assert problem.endswith(remedy)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_as_many_folds_as_rows_are_accepted(kind) -> None:
    problem = fold_count_problem(5, 5, 5, kind)

    assert problem is None
