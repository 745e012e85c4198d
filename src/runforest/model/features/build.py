"""The features of a table as one transformer of scikit-learn's own parts.

A saved model holds no class and no function of ours, so it loads without Runforest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runforest.foundation.importing import import_object
from runforest.model.features.choice import HIST, NATIVE, NONE, FeatureChoice, choose_features
from runforest.table.roles import Roles, columns_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from runforest.model.estimators import EstimatorSpec

CATBOOST = "catboost"
HIST_CATEGORIES = 255
"""Values of a category that HistGradientBoosting takes; beyond them the rarest share one."""

TEXT_BUCKETS = 2**12
TEXT_COMPONENTS = 30

DATE_PARTS = ("dt.year", "dt.month", "dt.day", "dt.day_of_week")
TIME_PARTS = ("dt.hour",)

Child = tuple[str, Any, Any]
"""Name, transformer and columns, as a ColumnTransformer takes them."""


def build_features(spec: EstimatorSpec, roles: Roles) -> BaseEstimator:
    """Return the unfitted transformer of all columns that have a role; the others are left out.

    Native categories come first, so that the estimator can be told their positions. Raises
    whatever the function of `pipeline` raises.
    """
    choice = choose_features(spec)
    if choice.pipeline:
        return build_own(choice.pipeline, spec, roles)
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    numbers = _numbers(choice, columns_of(roles, "number"))
    categories = _categories(choice, columns_of(roles, "category"), spec.seed)
    children = [
        *(categories + numbers if choice.encode == NATIVE else numbers + categories),
        *_booleans(choice, columns_of(roles, "boolean")),
        *_dates(choice, roles),
        *_texts(choice, roles, spec.seed),
    ]
    features = ColumnTransformer([], sparse_threshold=0)
    if is_strings(choice):
        # CatBoost takes texts only from a data frame. The children get it after this, since the
        # sparse steps within a text's child refuse such output; each last step has it itself.
        features.set_output(transform="pandas")
        for _, child, _ in children:
            last = child[-1] if hasattr(child, "steps") else child
            last.set_output(transform="pandas")
        features.set_params(transformers=children)
        return Pipeline([("rows", _numbered_rows()), ("columns", features)])
    return features.set_params(transformers=children)


def _numbered_rows() -> BaseEstimator:
    """Return what numbers the rows from 0: the children's tables are put together by the index."""
    import operator

    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(operator.methodcaller("reset_index", drop=True))


def build_own(path: str, spec: EstimatorSpec, roles: Roles) -> BaseEstimator:
    """Return the transformer that a function makes of the roles, or of the estimator and them."""
    import inspect

    build: Any = import_object(path)
    takes_both = len(inspect.signature(build).parameters) > 1
    transformer: BaseEstimator = build(spec, roles) if takes_both else build(roles)
    return transformer


def used(choice: str, role: str, roles: Roles) -> list[str]:
    """Return the columns of a role, none if it is dropped."""
    return [] if choice == "drop" else columns_of(roles, role)


def is_strings(choice: FeatureChoice) -> bool:
    """Return whether the estimator gets categories as texts, in a data frame."""
    return choice.family == CATBOOST and choice.encode == NATIVE


def _categories(choice: FeatureChoice, columns: list[str], seed: int) -> list[Child]:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    if not columns:
        return []
    steps = []
    if choice.missing or is_strings(choice):
        text = choice.missing or "None"
        fill = SimpleImputer(strategy="constant", fill_value=text, keep_empty_features=True)
        steps.append(("missing", fill))
    if not is_strings(choice):
        steps.append(("encode", _encoder(choice, seed)))
    return [("categories", Pipeline(steps) if len(steps) > 1 else steps[0][1], columns)]


def _encoder(choice: FeatureChoice, seed: int) -> BaseEstimator:
    """Return what makes numbers of categories, values that it has not seen included."""
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

    if choice.encode == "one_hot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=choice.max_categories,
            sparse_output=False,
        )
    if choice.encode == "target":
        return TargetEncoder(random_state=seed)
    codes: dict[str, Any] = {"handle_unknown": "use_encoded_value"}
    if choice.encode == "ordinal":
        return OrdinalEncoder(**codes, unknown_value=-1, encoded_missing_value=-2)
    limit = HIST_CATEGORIES if choice.family == HIST else None
    nothing = {"unknown_value": np.nan, "encoded_missing_value": np.nan}
    return OrdinalEncoder(**codes, **nothing, max_categories=limit)


def _numbers(choice: FeatureChoice, columns: list[str]) -> list[Child]:
    return [("numbers", _number_steps(choice), columns)] if columns else []


def _number_steps(choice: FeatureChoice) -> BaseEstimator:
    """Return the steps of columns of numbers: filled, then scaled."""
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.pipeline import Pipeline

    steps = []
    if choice.impute != NONE:
        steps.append(("impute", _imputer(choice.impute)))
    if choice.scale != NONE or not steps:
        steps.append(("scale", _scaler(choice.scale)))
    if choice.family == HIST and choice.impute == NONE:
        # scikit-learn 1.9 fails at columns without any value in the rows that it is fitted on.
        steps.append(("not_empty", VarianceThreshold()))
    return Pipeline(steps) if len(steps) > 1 else steps[0][1]


def _imputer(impute: str | float) -> BaseEstimator:
    from sklearn.impute import SimpleImputer

    if isinstance(impute, str):
        return SimpleImputer(strategy=impute, keep_empty_features=True)
    return SimpleImputer(strategy="constant", fill_value=impute, keep_empty_features=True)


def _scaler(scale: str) -> BaseEstimator:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    if scale == NONE:  # as they are, but floating-point numbers of NumPy whatever the dtype
        return StandardScaler(with_mean=False, with_std=False)
    return {"standard": StandardScaler, "min_max": MinMaxScaler, "robust": RobustScaler}[scale]()


def _booleans(choice: FeatureChoice, columns: list[str]) -> list[Child]:
    """Return 0 and 1; a missing one is the most frequent, or left to the estimator as a number."""
    from sklearn.pipeline import Pipeline

    if not columns:
        return []
    numbers = _scaler(NONE)
    if choice.impute == NONE:
        return [("booleans", numbers, columns)]
    fill = _imputer("most_frequent")
    return [("booleans", Pipeline([("numbers", numbers), ("impute", fill)]), columns)]


def _dates(choice: FeatureChoice, roles: Roles) -> list[Child]:
    return [
        (f"date {number}", _date_steps(choice, has_hours=roles[name].has_hours), name)
        for number, name in enumerate(used(choice.dates, "date", roles))
    ]


def _date_steps(choice: FeatureChoice, *, has_hours: bool) -> Pipeline:
    """Return the steps of one column: its parts and seconds since 1970, then as numbers.

    Parts are year, month, day, weekday and the hour where there are hours. They are read by
    functions of pandas, NumPy and the standard library alone. NumPy makes the least integer of a
    missing date, which becomes a missing number again.
    """
    import operator

    import numpy as np
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer

    def call(function: Any, **options: object) -> FunctionTransformer:  # noqa: ANN401
        return FunctionTransformer(function, kw_args=options or None)

    parts = operator.attrgetter(*DATE_PARTS, *(TIME_PARTS if has_hours else ()))
    missing = {"missing_values": float(np.iinfo(np.int64).min), "fill_value": np.nan}
    seconds = [
        ("cut", call(np.asarray, dtype="datetime64[s]")),
        ("count", call(np.asarray, dtype="float64")),
        ("column", call(np.expand_dims, axis=1)),
        ("missing", SimpleImputer(strategy="constant", keep_empty_features=True, **missing)),
    ]
    union = FeatureUnion(
        [
            ("parts", Pipeline([("read", call(parts)), ("columns", call(np.column_stack))])),
            ("seconds", Pipeline(seconds)),
        ]
    )
    return Pipeline([("dates", union), ("numbers", _number_steps(choice))])


def _texts(choice: FeatureChoice, roles: Roles, seed: int) -> list[Child]:
    columns = used(choice.text, "text", roles)
    return [(f"text {number}", _text_steps(seed), [name]) for number, name in enumerate(columns)]


def _text_steps(seed: int) -> Pipeline:
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
