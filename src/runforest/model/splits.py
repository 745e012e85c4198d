"""The splits of a table, which follow from its rows: what is held out, and the folds of the rest.

Every task derives the same splits from the same table and specification.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runforest.model.splitters import SPLITTERS, Fold, Splitter, build_splitter

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from runforest.foundation.estimator_names import Kind

HOLDOUT_SEED = 0
"""The held-out rows are the same for all tasks, whatever their seeds."""

N_GROUP_DRAWS = 20


@dataclass(frozen=True, kw_only=True)
class SplitSpec:
    """How the rows of a table are split.

    Attributes
    ----------
    n_folds, seed
        Given to the splitter where it takes them and its options do not say them.
    group, time
        Columns: rows of one group stay together; later rows never come before earlier ones. Not
        both; empty for none.
    holdout
        Share of the rows, 0 to below 1, that is set aside before anything else.
    cv, options
        Name or import path of the splitter, and its options; empty for the one that suits.
    hidden
        Columns that decide about splits and are no features.
    """

    kind: Kind
    n_folds: int = 5
    seed: int = 0
    group: str = ""
    time: str = ""
    holdout: float = 0.0
    cv: str = ""
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    hidden: tuple[str, ...] = ()

    @property
    def splitter_name(self) -> str:
        """The name or import path of the splitter, or the default.

        >>> SplitSpec(kind="classification", group="patient").splitter_name
        'stratified_group'
        """
        is_classification = self.kind == "classification"
        if self.cv:
            return self.cv
        if self.group:
            return "stratified_group" if is_classification else "group_k_fold"
        if self.time:
            return "time_series"
        return "stratified" if is_classification else "k_fold"

    @property
    def splitter(self) -> Splitter:
        """The splitter itself."""
        return build_splitter(
            self.splitter_name,
            self.options,
            kind=self.kind,
            n_folds=self.n_folds,
            seed=self.seed,
        )


def split_spec(
    table: Mapping[str, Any], *, kind: Kind, n_folds: int = 5, seed: int = 0
) -> SplitSpec:
    """Return the specification that the parameter `splits` of a task holds."""
    options = dict(table.get("cv", {}))
    return SplitSpec(
        kind=kind,
        n_folds=n_folds,
        seed=seed,
        cv=str(options.pop("name", "")),
        options=options,
        hidden=tuple(table.get("hidden", ())),
        **{key: table[key] for key in ("group", "time", "holdout") if key in table},
    )


def planned_folds(spec: SplitSpec) -> int | None:
    """Return the number of folds; None where it follows from the rows, as of one group each."""
    splitter: Any = spec.splitter
    try:
        return int(splitter.get_n_splits())
    except (AttributeError, TypeError, ValueError):
        return None


def set_aside(
    table: pd.DataFrame, target: str, spec: SplitSpec
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to learn from, and the held-out ones, in their order."""
    import numpy as np

    if not spec.holdout:
        return table, table.iloc[:0]
    held = holdout_positions(table, target, spec)
    return table.iloc[np.setdiff1d(np.arange(len(table)), held)], table.iloc[held]


def holdout_positions(table: pd.DataFrame, target: str, spec: SplitSpec) -> NDArray[np.intp]:
    """Return the sorted positions of the rows that are held out.

    - With `time`, the latest rows; rows of one time stay together, so that there may be more.
    - With `group`, whole groups: of some random draws the one that comes closest to the share of
      the rows and, in a classification, to the shares of the classes.
    - Otherwise random rows, with the classes of a classification in proportion.

    Raises
    ------
    ValueError
        No row would be left, or there are fewer than two rows of a class.
    """
    import numpy as np
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    if not spec.holdout:
        return np.array([], dtype=np.intp)
    if spec.time:
        return _latest(time_values(_column(table, spec.time)), spec.holdout)
    if spec.group:
        return _whole_groups(table, target, spec)
    splitters = {"classification": StratifiedShuffleSplit, "regression": ShuffleSplit}
    splitter = splitters[spec.kind](1, test_size=spec.holdout, random_state=HOLDOUT_SEED)
    _, held = next(splitter.split(table, table[target].to_numpy()))
    return np.sort(held)


def _latest(times: pd.Series, share: float) -> NDArray[np.intp]:
    import numpy as np

    values = times.to_numpy()
    n_held = int(np.ceil(share * len(values)))
    return np.flatnonzero(values >= np.sort(values)[-n_held])


def _whole_groups(table: pd.DataFrame, target: str, spec: SplitSpec) -> NDArray[np.intp]:
    import numpy as np
    import pandas as pd
    from sklearn.model_selection import GroupShuffleSplit

    draws = GroupShuffleSplit(N_GROUP_DRAWS, test_size=spec.holdout, random_state=HOLDOUT_SEED)
    parts = pd.Series(0, index=range(len(table)))
    if spec.kind == "classification":
        parts = pd.Series(pd.factorize(table[target])[0])
    wanted = parts.value_counts() * spec.holdout

    def distance(held: NDArray[np.intp]) -> float:
        found = parts.iloc[held].value_counts()
        return float(found.sub(wanted, fill_value=0).abs().sum())

    held = [
        test for _, test in draws.split(table, groups=pd.factorize(_column(table, spec.group))[0])
    ]
    return np.sort(min(held, key=distance))


def fold_positions(table: pd.DataFrame, target: str, spec: SplitSpec) -> list[Fold]:
    """Return the row positions (train, test) of each fold of a table without held-out rows.

    The test rows of some splitters partition the table; others leave rows out or repeat them. With
    `time`, splitters see the rows in its order, and `time_series` cuts between two times.

    References
    ----------
    Kohavi (1995), "A Study of Cross-Validation and Bootstrap for Accuracy Estimation".
    """
    import numpy as np
    import pandas as pd

    splitter, name = spec.splitter, spec.splitter_name
    if not spec.time:
        return _split(splitter, table, target, spec.group)
    times = time_values(_column(table, spec.time))
    if name in SPLITTERS and SPLITTERS[name].in_time:
        numbers, distinct = pd.factorize(times, sort=True)
        return [
            (np.flatnonzero(np.isin(numbers, train)), np.flatnonzero(np.isin(numbers, test)))
            for train, test in splitter.split(distinct)
        ]
    order = np.argsort(times.to_numpy(), kind="stable")
    folds = _split(splitter, table.iloc[order], target, spec.group)
    return [(order[train], order[test]) for train, test in folds]


def _split(splitter: Splitter, table: pd.DataFrame, target: str, group: str) -> list[Fold]:
    groups = _column(table, group).to_numpy() if group else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of groups that are not used, of small classes
        return list(splitter.split(table.drop(columns=target), table[target].to_numpy(), groups))


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column that decides about splits; ValueError if a task of the user's dropped it."""
    if name in table.columns:
        return table[name]
    message = f"the table has no column {name}, by which [Dataset] splits the rows. Keep it in the "
    message += "task that makes the table."
    raise ValueError(message)


def time_values(column: pd.Series) -> pd.Series:
    """Return the values by which rows are ordered: numbers and dates as they are, texts as dates.

    Raises
    ------
    ValueError
        A text is no date.
    """
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

    if is_numeric_dtype(column) or is_datetime64_any_dtype(column):
        return column
    return pd.to_datetime(column, format="ISO8601")
