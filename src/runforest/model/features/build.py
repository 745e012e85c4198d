"""The features of a table as one transformer of scikit-learn's own parts.

A saved model holds no class and no function of ours, so it loads without Runforest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runforest.foundation.importing import import_object
from runforest.model.features.choice import HIST, NATIVE, NONE, FeatureChoice, choose_features
from runforest.model.features.texts import text_steps
from runforest.table.roles import Roles, columns_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from runforest.model.estimator_spec import EstimatorSpec

CATBOOST = "catboost"
DATE_PARTS = ("dt.year", "dt.month", "dt.day", "dt.day_of_week")
TIME_PARTS = ("dt.hour",)

Child = tuple[str, Any, Any]
"""Name, transformer and columns, as a ColumnTransformer takes them."""


def build_features(spec: EstimatorSpec, roles: Roles) -> BaseEstimator:
    """Return the unfitted transformer of all columns that have a role; the others are left out.

    Native categories come first, so that the estimator can be told their positions, but for
    CatBoost after the numbers, as elsewhere. Raises whatever the function of `pipeline` raises.
    """
    choice = choose_features(spec)
    if choice.pipeline:
        return build_own(choice.pipeline, spec, roles)
    from sklearn.compose import ColumnTransformer

    numbers = _numbers(choice, columns_of(roles, "number"))
    categories = _categories(choice, roles, spec)
    others = [
        *_booleans(choice, columns_of(roles, "boolean")),
        *_dates(choice, roles),
        *_texts(choice, roles, spec.seed),
    ]
    if not [*numbers, *categories, *others]:
        raise ValueError(_nothing_left(roles))
    if is_strings(choice):
        parts = (_framed_numbers(numbers), _framed(categories), _framed_numbers(others))
        return _as_frame([child for part in parts for child in part])
    first = categories + numbers if choice.encode == NATIVE else numbers + categories
    return ColumnTransformer([*first, *others], sparse_threshold=0)


def _nothing_left(roles: Roles) -> str:
    reasons = ", ".join(f"{name} ({column.reason})" for name, column in list(roles.items())[:8])
    example = f'[Dataset.columns] {next(iter(roles), "name")} = "category"'
    return (
        f"no column is left to learn from: {reasons}. Say what one is, such as {example}, or drop "
        "no role in [Features]."
    )


def _as_frame(children: list[Child]) -> BaseEstimator:
    """Return a transformer whose output is a data frame, its children's as they are set."""
    from sklearn.compose import ColumnTransformer

    # Before it has children, which would otherwise be set alike.
    features = ColumnTransformer([], sparse_threshold=0).set_output(transform="pandas")
    return features.set_params(transformers=children)


def _framed(children: list[Child]) -> list[Child]:
    """Return children with data frames of texts: CatBoost takes these in nothing else."""
    return [(name, one.set_output(transform="pandas"), columns) for name, one, columns in children]


def _framed_numbers(children: list[Child]) -> list[Child]:
    """Return children as one: its array of numbers gets the index of the rows."""
    lists = [[names] if isinstance(names, str) else names for _, _, names in children]
    columns = [name for names in lists for name in names]
    return [(children[0][0], _as_frame(children), columns)] if children else []


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


def _categories(choice: FeatureChoice, roles: Roles, spec: EstimatorSpec) -> list[Child]:
    """Return the categories, at first those of texts: only they can have a text for missing."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    columns = columns_of(roles, "category")
    text = choice.missing or ("None" if is_strings(choice) else "")
    texts = [name for name in columns if text and not _is_number(roles[name].dtype)]
    numbers = [name for name in columns if name not in texts]
    children: list[Child] = []
    if texts:
        fill = SimpleImputer(strategy="constant", fill_value=text, keep_empty_features=True)
        steps = Pipeline([("missing", fill), ("encode", _encoder(choice, spec))])
        children.append(("categories", fill if is_strings(choice) else steps, texts))
    if numbers:
        name = "numbered categories" if texts else "categories"
        children.append((name, _encoder(choice, spec), numbers))
    return children


def _is_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float", "bool"))


def _encoder(choice: FeatureChoice, spec: EstimatorSpec) -> BaseEstimator:
    """Return what makes numbers of categories, values that it has not seen included."""
    import numpy as np
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

    if choice.encode == "one_hot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=choice.max_categories,
            sparse_output=False,
        )
    if choice.encode == "target":
        is_number = spec.kind == "regression"
        folds = KFold if is_number else StratifiedKFold
        return TargetEncoder(
            target_type="continuous" if is_number else "auto",  # it takes whole numbers for classes
            cv=folds(5, shuffle=True, random_state=spec.seed),
        )
    codes: dict[str, Any] = {"handle_unknown": "use_encoded_value"}
    if choice.encode == "ordinal" or is_strings(choice):
        whole = {"dtype": np.int64} if is_strings(choice) else {}
        return OrdinalEncoder(**codes, unknown_value=-1, encoded_missing_value=-2, **whole)
    limit = choice.max_native
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
    return [(f"text {number}", text_steps(seed), [name]) for number, name in enumerate(columns)]
