"""Columns of text as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TEXT_BUCKETS = 2**12
TEXT_COMPONENTS = 30


def text_steps(seed: int) -> Pipeline:
    """Return the main directions of the weighted counts of words, as dense columns.

    Words are hashed: a vocabulary would make a model's file large, and fail without any word.

    References
    ----------
    Deerwester et al. (1990), "Indexing by Latent Semantic Analysis".
    """
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    fill = SimpleImputer(strategy="constant", fill_value="", keep_empty_features=True)
    return Pipeline(
        [
            ("missing", fill),
            ("texts", FunctionTransformer(np.ravel)),
            ("words", HashingVectorizer(n_features=TEXT_BUCKETS, alternate_sign=False, norm=None)),
            ("weights", TfidfTransformer(sublinear_tf=True)),
            ("directions", TruncatedSVD(TEXT_COMPONENTS, random_state=seed)),
        ]
    )
