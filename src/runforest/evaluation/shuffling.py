"""Rows drawn from a table, and copies of it in which columns are shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    Positions = NDArray[np.intp]

MAX_CELLS_AT_ONCE = 2_000_000
"""Cells of the copies that a model gets in one call."""


def draw_rows(target: NDArray[np.generic], n_rows: int, random: Generator) -> Positions:
    """Return rows spread evenly over the sorted target, so that classes stay in proportion."""
    import pandas as pd

    order = random.permutation(len(target))
    if n_rows >= len(target):
        return np.sort(order)
    drawn = target[order]
    # Labels need no order, and texts are slow to sort.
    keys = pd.factorize(drawn)[0] if drawn.dtype.kind == "O" else drawn
    places = np.linspace(0, len(order) - 1, n_rows).astype(np.intp)
    return np.sort(order[np.argsort(keys, kind="stable")[places]])


def shuffled_copies(
    features: pd.DataFrame, groups: Sequence[Positions], random: Generator
) -> Iterator[pd.DataFrame]:
    """Return a copy of the table per group of columns, which are shuffled together in it.

    As many copies as `MAX_CELLS_AT_ONCE` allows come at once, one below the other.
    """
    n_at_once = max(MAX_CELLS_AT_ONCE // features.size, 1)
    for start in range(0, len(groups), n_at_once):
        yield _copies(features, groups[start : start + n_at_once], random)


def _copies(features: pd.DataFrame, groups: Sequence[Positions], random: Generator) -> pd.DataFrame:
    import pandas as pd

    n_rows = len(features)
    unshuffled = np.tile(np.arange(n_rows), len(groups))
    rows: dict[int, Positions] = {}
    for number, group in enumerate(groups):
        order = random.permutation(n_rows)
        for column in group.tolist():
            of_column = rows.setdefault(column, unshuffled.copy())
            of_column[number * n_rows : (number + 1) * n_rows] = order
    columns = {
        column: series.array.take(rows.get(column, unshuffled))
        for column, (_, series) in enumerate(features.items())
    }
    return pd.DataFrame(columns).set_axis(features.columns, axis="columns")
