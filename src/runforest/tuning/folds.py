"""Whether a target can be split into folds, told from its counts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runforest.estimators import Kind


def fold_count_problem(
    n_folds: int, n_rows: int, smallest_class: int, kind: Kind
) -> dict[str, str]:
    """Return why there are too many folds, by `n_folds`, or nothing.

    Parameters
    ----------
    smallest_class
        Rows of the target's rarest value; counts in a classification only.

    >>> fold_count_problem(5, 100, 3, "classification")["n_folds"]
    'must be at most 3, the rows of the smallest class of the target, got 5. Set n_folds = 3.'
    """
    is_classification = kind == "classification"
    limit = smallest_class if is_classification else n_rows
    if n_folds <= limit:
        return {}
    what = "the rows of the smallest class of the target" if is_classification else "the rows"
    remedy = f"Set n_folds = {limit}." if limit > 1 else "Merge that class with another."
    return {"n_folds": f"must be at most {limit}, {what}, got {n_folds}. {remedy}"}
