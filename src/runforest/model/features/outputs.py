"""Which of a fitted pipeline's features were made of which raw column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.compose import ColumnTransformer

    Positions = NDArray[np.intp]


def made_features(
    model: object, table: pd.DataFrame
) -> tuple[Any, NDArray[np.float64], list[Positions]] | None:
    """Return the rest of a pipeline, the features it takes, and those of each raw column.

    Shuffling these features among the rows is shuffling the raw column, at a fraction of the cost.

    Parameters
    ----------
    model
        Fitted. None is returned but for a pipeline that begins with a `ColumnTransformer` all of
        whose outputs are known to be made of a single column each.
    table : (n_rows, n_columns) frame
        Raw columns. The features are an (n_rows, n_features) array; a column may have none.
    """
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline) or len(model) == 1 or not table.columns.is_unique:
        return None
    if not isinstance(model[0], ColumnTransformer):
        return None
    sources = _sources(model[0])
    if sources is None:
        return None
    features = model[0].transform(table)
    if not isinstance(features, np.ndarray):
        return None
    columns = table.columns.get_indexer(pd.Index(sources))
    order = np.argsort(columns, kind="stable")
    ends = np.searchsorted(columns[order], np.arange(1, table.shape[1]))
    return model[1:], features, np.split(order, ends)


def _sources(transformer: ColumnTransformer) -> NDArray[np.object_] | None:
    """Return the column of each output, None if one is not known."""
    n_outputs = max((part.stop for part in transformer.output_indices_.values()), default=0)
    sources = np.full(n_outputs, None, dtype=object)
    for name, child, columns in transformer.transformers_:
        place = transformer.output_indices_[name]
        names = np.atleast_1d(columns)
        if place.start == place.stop:
            continue
        if not all(isinstance(one, str) for one in names):
            return None
        inner = np.zeros(place.stop - place.start, dtype=int)
        if len(names) > 1:
            inner = _inner_sources(child, np.arange(len(names)))
        if len(inner) != place.stop - place.start:
            return None
        sources[place] = names[inner]
    return sources


def _inner_sources(step: Any, sources: Positions) -> Positions:  # noqa: ANN401
    """Return the column of each output of a step, given those of its inputs; empty if unknown."""
    from sklearn.base import OneToOneFeatureMixin
    from sklearn.feature_selection import SelectorMixin
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    if isinstance(step, Pipeline):
        for _, part in step.steps:
            sources = _inner_sources(part, sources)
        return sources
    if getattr(step, "n_features_in_", len(sources)) != len(sources):
        return sources[:0]
    if isinstance(step, OneHotEncoder):
        rare = getattr(step, "infrequent_categories_", [None] * len(sources))
        n_rare = [0 if one is None else len(one) - 1 for one in rare]
        n_each = [len(one) - n for one, n in zip(step.categories_, n_rare, strict=True)]
        return np.repeat(sources, n_each)
    if isinstance(step, SelectorMixin):
        kept: Positions = sources[step.get_support()]
        return kept
    is_identity = isinstance(step, FunctionTransformer) and step.func is None
    is_one_to_one = isinstance(step, (OneToOneFeatureMixin, SimpleImputer)) or is_identity
    return sources if is_one_to_one else sources[:0]
