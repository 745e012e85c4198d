"""What becomes of each column, as rows of a table and as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runforest.model.features.build import is_strings
from runforest.model.features.choice import NATIVE, NONE, FeatureChoice, choose_features
from runforest.model.features.texts import TEXT_COMPONENTS
from runforest.table.roles import FEATURE_ROLES, LEFT_OUT, Roles, columns_of

if TYPE_CHECKING:
    from runforest.model.estimator_spec import EstimatorSpec

PLURALS = {
    "number": "numbers",
    "category": "categories",
    "boolean": "booleans",
    "date": "dates",
    "text": "texts",
}
N_NAMED = 8
"""Columns that the line names as left out; `features.csv` has all."""

DROPPED = "dropped by [Features]"


def describe_features(roles: Roles, spec: EstimatorSpec) -> list[dict[str, str]]:
    """Return a row per column: `column`, `role`, `reason` of the role, and `features`.

    `features` is what is done with it, or why nothing is.
    """
    choice = choose_features(spec)
    return [
        {
            "column": name,
            "role": column.role,
            "reason": column.reason,
            "features": _steps(choice, column.role) or f"left out: {column.reason}",
        }
        for name, column in roles.items()
    ]


def features_line(roles: Roles, spec: EstimatorSpec) -> str:
    """Return how many columns of each role there are, what is done with them, and what is left out.

    >>> from runforest.model.estimator_spec import EstimatorSpec
    >>> from runforest.table.roles import ColumnRole
    >>> spec = EstimatorSpec(path="", params={}, seed=0, kind="regression")
    >>> features_line({"x": ColumnRole("number", "numbers", "int64")}, spec)
    'features: 1 number (median, standard)'
    """
    choice = choose_features(spec)
    counts = {role: len(columns_of(roles, role)) for role in FEATURE_ROLES}
    parts = [
        f"{count} {PLURALS[role] if count > 1 else role} ({_steps(choice, role)})"
        for role, count in counts.items()
        if count
    ]
    out = {name: column.reason for name, column in roles.items() if column.role == LEFT_OUT}
    left_out = [f"{name} ({reason})" for name, reason in out.items()]
    line = f"features: {', '.join(parts) or 'none'}"
    if not left_out:
        return line
    more = f" and {len(left_out) - N_NAMED} more" if len(left_out) > N_NAMED else ""
    return f"{line}; left out: {', '.join(left_out[:N_NAMED])}{more}"


def _steps(choice: FeatureChoice, role: str) -> str:
    """Return in words what is done with a role; empty for none that a model learns from."""
    if choice.pipeline and role in FEATURE_ROLES:
        return choice.pipeline
    impute = [] if choice.impute == NONE else [str(choice.impute)]
    numbers = [*impute, *([] if choice.scale == NONE else [choice.scale])]
    words = {
        "number": ", ".join(numbers) or "as they are",
        "boolean": "0 and 1, most_frequent" if impute else "0 and 1",
        "category": _categories(choice),
        "date": DROPPED if choice.dates == "drop" else ", ".join(["parts", *numbers]),
        "text": DROPPED if choice.text == "drop" else f"tf-idf, {TEXT_COMPONENTS} directions",
    }
    return words.get(role, "")


def _categories(choice: FeatureChoice) -> str:
    if choice.encode == "one_hot":
        encode = f"one_hot of up to {choice.max_categories}"
    elif choice.encode == NATIVE and choice.max_native:
        encode = f"native, up to {choice.max_native}"
    else:
        encode = choice.encode
    missing = choice.missing or ("None" if is_strings(choice) else "")
    return f'{encode}, missing as "{missing}"' if missing else encode
