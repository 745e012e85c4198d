"""Rows drawn from a table, and copies of it in which columns are shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.random import Generator
    from numpy.typing import NDArray

    Positions = NDArray[np.intp]

MAX_CELLS_AT_ONCE = 4_000_000
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
    table: pd.DataFrame | NDArray[np.float64], groups: Sequence[Positions], random: Generator
) -> Iterator[Any]:
    """Return a copy of the table per group of columns, which are shuffled together in it.

    As many copies as `MAX_CELLS_AT_ONCE` allows come at once, one below the other.

    Parameters
    ----------
    groups
        Positions of columns; any two groups are equal, or have no column in common.
    """
    n_at_once = max(MAX_CELLS_AT_ONCE // table.size, 1)
    for start in range(0, len(groups), n_at_once):
        some = groups[start : start + n_at_once]
        if isinstance(table, np.ndarray):
            yield _copies_of_array(table, some, random)
        else:
            yield _copies(table, some, random)


def _copies_of_array(
    table: NDArray[np.float64], groups: Sequence[Positions], random: Generator
) -> NDArray[np.float64]:
    copies = np.tile(table, (len(groups), 1))
    for group, copy in zip(groups, np.split(copies, len(groups)), strict=True):
        copy[:, group] = table[:, group][random.permutation(len(table))]
    return copies


def _copies(features: pd.DataFrame, groups: Sequence[Positions], random: Generator) -> pd.DataFrame:
    import pandas as pd

    n_rows = len(features)
    unshuffled = np.tile(np.arange(n_rows), len(groups))
    rows: dict[tuple[int, ...], Positions] = {}
    for number, group in enumerate(groups):
        of_group = rows.setdefault(tuple(group.tolist()), unshuffled.copy())
        of_group[number * n_rows : (number + 1) * n_rows] = random.permutation(n_rows)
    rest = np.setdiff1d(np.arange(features.shape[1]), [one for group in rows for one in group])
    rows[tuple(rest.tolist())] = unshuffled
    # Columns by name would not do: a table may have two of one name.
    parts = [features.iloc[taken, list(group)] for group, taken in rows.items()]
    copies = pd.concat([part.reset_index(drop=True) for part in parts], axis="columns")
    in_order = np.argsort([column for group in rows for column in group])
    return copies.iloc[:, in_order].copy()  # in one piece: many are slow to select from
