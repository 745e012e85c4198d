"""By how much the score drops when a column is shuffled, on rows that the model has not seen.

The cost is bounded whatever the table: rows are drawn, and of many columns only those are measured
whose shuffling changes what the model answers.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runforest.evaluation.answers import answered_parts, score_classes
from runforest.evaluation.shuffling import draw_rows, shuffled_copies
from runforest.model.features.outputs import made_features
from runforest.model.metrics import direction
from runforest.model.scoring import DEFAULT_SCORERS, named_scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from runforest.evaluation.shuffling import Positions

    Table = pd.DataFrame | NDArray[np.float64]

N_MEASURED = 30
"""Columns that are measured, at most."""
N_SHUFFLES = (5, 10)
"""Shuffles of a column in all: at least, and at most."""
MAX_ROWS = 200_000
"""Rows that are predicted in all to measure; with 10 columns and 10 shuffles 2,000 rows."""
MAX_CELLS = 10_000_000
"""Cells (rows times columns) that are predicted to measure, and half as many to choose columns."""
MIN_ROWS_TO_CHOOSE = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Importances:
    """What shuffling the columns costs.

    Attributes
    ----------
    table : (n, 3) frame
        `feature`, `importance` (mean drop), `std` (over the shuffles); the largest drop first,
        equal ones by name.
    scorer
        Importances are in its unit; less of an error counts as more of the score.
    n_rows, n_models, n_shuffles
        Distinct rows, models that they were divided among, and shuffles per column over all models.
    n_features
        All columns, of which `table` has those that were measured.
    """

    table: pd.DataFrame
    scorer: str
    n_rows: int
    n_models: int
    n_shuffles: int
    n_features: int

    @property
    def how(self) -> str:
        """What was measured, in a sentence or two."""
        models = "the model" if self.n_models == 1 else f"one of {self.n_models} models"
        text = (
            f"Measured on {self.n_rows:,} rows, each with {models} that was not fitted on it; "
            f"each column was shuffled {self.n_shuffles} times."
        )
        if len(self.table) == self.n_features:
            return text
        return (
            f"{text} Of {self.n_features:,} columns those {len(self.table)} were measured whose "
            "shuffling changes the predictions most."
        )


class ImportanceMeasurement:
    """Permutation importances over one or several models, each with rows that it has not seen.

    Columns that say the same (a correlated pair) share their importance and may both look weak.

    Parameters
    ----------
    scorer
        A name known to `named_scorer`. Where it is undefined for the rows drawn (an area under the
        curve with a single class), that of `DEFAULT_SCORERS` takes its place.
    classes
        All labels of the target; empty for a regression.
    n_models
        How many models will be added; the rows are divided among them.

    References
    ----------
    Breiman (2001), "Random Forests", Machine Learning 45, section 10.
    """

    def __init__(
        self, *, scorer: str, classes: Sequence[object], seed: int, n_models: int = 1
    ) -> None:
        self._scorer, self._n_models = scorer, n_models
        self._classes, self._labels = classes, np.asarray(classes) if classes else None
        self._random = np.random.default_rng(seed)
        self._columns: Positions = np.empty(0, dtype=np.intp)
        self._names: list[str] = []
        self._n_rows = 0
        self._drops: list[NDArray[np.float64]] = []

    def add(self, model: object, features: pd.DataFrame, target: NDArray[np.generic]) -> None:
        """Measure a fitted model on rows that it has not seen.

        Parameters
        ----------
        features : (n_rows, n_features) frame
            Raw columns, as the pipeline's first step takes them.
        target : (n_rows,) array
            Labels or numbers.
        """
        if not self._names:
            self._names = [str(name) for name in features.columns]
            self._columns = self._choose_columns(model, features)
        budget = min(MAX_ROWS, MAX_CELLS // features.shape[1])
        budget //= len(self._columns) * self._n_models
        at_least, at_most = (math.ceil(number / self._n_models) for number in N_SHUFFLES)
        rows = draw_rows(target, max(budget // at_least, 1), self._random)
        n_shuffles = int(np.clip(budget // len(rows), at_least, at_most))
        rest, sample, places = _with_places(model, features.iloc[rows])
        answers = target[rows]
        if not self._drops and math.isnan(self._score(rest, sample, answers)):
            self._scorer = DEFAULT_SCORERS[
                "regression" if self._labels is None else "classification"
            ]
        baseline = self._score(rest, sample, answers)
        groups = [places[column] for column in self._columns for _ in range(n_shuffles)]
        scores = [
            self._score(answered_model, copy, answers)
            for copies in shuffled_copies(sample, groups, self._random)
            for answered_model, copy in answered_parts(rest, copies, len(sample))
        ]
        self._drops.append(baseline - np.array(scores).reshape(len(self._columns), n_shuffles))
        self._n_rows += len(rows)

    def _score(self, model: object, features: Table, target: NDArray[np.generic]) -> float:
        """Return the score, its sign so that more is better; NaN where it is undefined."""
        sign = 1 if direction(self._scorer) == "maximize" else -1
        scorer = named_scorer(self._scorer, self._labels)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return sign * float(scorer(model, features, target))
            except ValueError:
                return math.nan

    def _choose_columns(self, model: object, features: pd.DataFrame) -> Positions:
        """Return the columns to measure: all, or those whose shuffling changes the answers most.

        Neighbours are shuffled together first; the half of the groups that changes more is halved
        again and again, so that the work grows with the logarithm of the number of columns.
        """
        n_features = features.shape[1]
        if n_features <= N_MEASURED:
            return np.arange(n_features)
        groups = np.array_split(np.arange(n_features), 2 * N_MEASURED)
        n_rounds = 1 + math.ceil(math.log2(math.ceil(n_features / len(groups))))
        n_rows = MAX_CELLS // 2 // (n_rounds * len(groups) * n_features)
        n_rows = int(np.clip(n_rows, MIN_ROWS_TO_CHOOSE, len(features)))
        rows = self._random.permutation(len(features))[:n_rows]
        rest, sample, places = _with_places(model, features.iloc[rows])
        before, empty = self._answers(rest, sample), np.empty(0, dtype=np.intp)
        while True:
            positions = [
                np.concatenate([empty, *(places[one] for one in group)]) for group in groups
            ]
            changes = self._changes(rest, sample, before, positions)
            kept = [groups[place] for place in np.argsort(-changes, kind="stable")[:N_MEASURED]]
            if all(len(group) == 1 for group in kept):
                return np.sort(np.concatenate(kept))
            groups = [half for group in kept for half in np.array_split(group, 2) if len(half)]

    def _changes(
        self,
        model: object,
        sample: Table,
        before: NDArray[Any],
        groups: Sequence[Positions],
    ) -> NDArray[np.float64]:
        """Return by how much shuffling each group of columns changes the answers, in the mean."""
        differ = np.subtract if before.dtype.kind in "fiu" else np.not_equal
        changes = []
        for copies in shuffled_copies(sample, groups, self._random):
            after = self._answers(model, copies).reshape(-1, *before.shape)
            changes += [np.mean(np.abs(np.nan_to_num(differ(one, before)))) for one in after]
        return np.array(changes)

    def _answers(self, model: Any, features: Table) -> NDArray[Any]:  # noqa: ANN401
        scores = score_classes(model, features, self._classes) if self._classes else None
        return np.ravel(model.predict(features)) if scores is None else scores

    def result(self) -> Importances:
        """Return what was measured; all models must have been added."""
        import pandas as pd

        drops = np.concatenate(self._drops, axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing is NaN
            means, stds = np.nanmean(drops, axis=1), np.nanstd(drops, axis=1)
        names = [self._names[column] for column in self._columns]
        table = pd.DataFrame({"feature": names, "importance": means, "std": stds})
        return Importances(
            table=table.sort_values(
                ["importance", "feature"], ascending=[False, True], ignore_index=True
            ),
            scorer=self._scorer,
            n_rows=self._n_rows,
            n_models=len(self._drops),
            n_shuffles=drops.shape[1],
            n_features=len(self._names),
        )


def _with_places(model: object, table: pd.DataFrame) -> tuple[object, Table, Sequence[Positions]]:
    """Return what is called with shuffled copies of a table, and the positions of each column.

    That is the rest of the pipeline behind its features where these can be shuffled instead.
    """
    columns = np.arange(table.shape[1])[:, None]
    return made_features(model, table) or (model, table, list(columns))
