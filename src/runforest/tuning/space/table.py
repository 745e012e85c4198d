"""The search space: read from a table of the configuration, checked, and suggested to a trial.

Each name has a table, or a plain list of choices::

    alpha = { type = "float", low = 1e-3, high = 10.0, log = true }
    max_depth = { type = "int", low = 1, high = 20, step = 2 }
    solver = ["svd", "lsqr"]
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from runforest.foundation.errors import did_you_mean
from runforest.tuning.space.dimensions import (
    CategoricalDimension,
    Choice,
    Dimension,
    FloatDimension,
    IntDimension,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import optuna

RANGE_KEYS = ("type", "low", "high", "step", "log")
KEYS = {"float": RANGE_KEYS, "int": RANGE_KEYS, "categorical": ("type", "choices")}
REQUIRED = {"float": ("low", "high"), "int": ("low", "high"), "categorical": ("choices",)}


def parse_space(table: Mapping[str, object]) -> dict[str, Dimension]:
    """Return the dimension of each name; the upper end becomes the last value the steps reach.

    ValueError has all problems of the table in its message.

    >>> parse_space({"depth": {"type": "int", "low": 1, "high": 20, "step": 2}})
    {'depth': IntDimension(low=1, high=19, log=False, step=2)}
    """
    problems = space_problems(table)
    if problems:
        raise ValueError("\n".join(f"{key}: {text}" for key, text in problems.items()))
    return {name: _dimension(_long_form(entry)) for name, entry in table.items()}


def suggest(trial: optuna.Trial, space: Mapping[str, Dimension]) -> dict[str, object]:
    """Return a value for each name of the space."""
    return {name: dimension.suggest(trial, name) for name, dimension in space.items()}


def grid_size(space: Mapping[str, Dimension]) -> int | None:
    """Return the number of points of the full grid, or None when a dimension has no end of values.

    >>> grid_size(parse_space({"alpha": [0.1, 1.0], "depth": {"type": "int", "low": 1, "high": 3}}))
    6
    """
    sizes = [size for each in space.values() if (size := each.size()) is not None]
    return math.prod(sizes) if len(sizes) == len(space) else None


def grid_points(
    space: Mapping[str, Dimension], seed: int, taken: Iterable[Mapping[str, object]] = ()
) -> Iterator[dict[str, object]]:
    """Yield the points of the full grid that are not taken, in an order shuffled by the seed."""
    used = {tuple(params.get(name) for name in space) for params in taken}
    points = list(itertools.product(*(dimension.values() or [] for dimension in space.values())))
    random.Random(seed).shuffle(points)  # noqa: S311 - no secret depends on the order
    return (dict(zip(space, point, strict=True)) for point in points if point not in used)


def space_problems(table: Mapping[str, object]) -> dict[str, str]:
    """Return what is wrong with the table, by `<name>` or `<name>.<key>`; empty when it is sound.

    An empty table has the key "".

    >>> space_problems({"alpha": {"type": "float", "low": 1.0, "high": 0.1}})
    {'alpha': 'low must be below high, got low=1.0, high=0.1.'}
    """
    if not table:
        message = "is empty, and none is known for this estimator. Add a parameter, such as "
        return {"": f"{message}alpha = [0.1, 1.0, 10.0]"}
    return {
        f"{name}.{key}" if key else name: message
        for name, entry in table.items()
        for key, message in _entry_problems(entry).items()
    }


def _long_form(entry: object) -> dict[str, object]:
    if isinstance(entry, list | tuple):
        return {"type": "categorical", "choices": entry}
    return dict(cast("Mapping[str, object]", entry))


def _dimension(entry: dict[str, object]) -> Dimension:
    """Return the dimension of an entry without problems."""
    if entry["type"] == "categorical":
        return CategoricalDimension(choices=tuple(cast("list[Choice]", entry["choices"])))
    is_log, step = bool(entry.get("log", False)), entry.get("step")
    if entry["type"] == "int":
        low, high, width = (cast("int", entry.get(key, 1)) for key in ("low", "high", "step"))
        return IntDimension(low=low, high=high - (high - low) % width, log=is_log, step=width)
    low_end, high_end = (float(cast("float", entry[key])) for key in ("low", "high"))
    if step is None:
        return FloatDimension(low=low_end, high=high_end, log=is_log)
    wide = FloatDimension(low=low_end, high=high_end, step=float(cast("float", step)))
    return FloatDimension(low=low_end, high=wide.nearest(high_end), step=wide.step)


def _entry_problems(entry: object) -> dict[str, str]:
    """Return the problems of one name, by key; "" for the entry as a whole."""
    if not isinstance(entry, Mapping | list | tuple):
        example = '{ type = "float", low = 0.1, high = 10.0 }'
        return {"": f"expected a list of choices or a table such as {example}, got {entry!r}."}
    fields = _long_form(entry)
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in KEYS:
        fault = "missing" if kind is None else f"unknown type {kind!r}"
        return {"type": f"{fault}. {did_you_mean(str(kind), KEYS)}"}
    known = KEYS[kind]
    problems = {
        key: f"unknown key. {did_you_mean(key, known)}" for key in fields if key not in known
    }
    problems |= {key: f"missing. A {kind} needs it." for key in REQUIRED[kind] if key not in fields}
    if kind == "categorical":
        return problems | (_choice_problems(fields["choices"]) if "choices" in fields else {})
    problems |= _number_problems(fields, kind)
    return problems or _range_problems(fields)


def _number_problems(fields: Mapping[str, object], kind: str) -> dict[str, str]:
    expected = "an integer" if kind == "int" else "a finite number"
    problems = {
        key: f"expected {expected}, got {fields[key]!r}."
        for key in ("low", "high", "step")
        if key in fields and not _is_number(fields[key], kind)
    }
    if not isinstance(fields.get("log", False), bool):
        problems["log"] = f"expected true or false, got {fields['log']!r}."
    return problems


def _is_number(value: object, kind: str) -> bool:
    is_float = kind == "float" and isinstance(value, float) and math.isfinite(value)
    return is_float or type(value) is int


def _range_problems(fields: Mapping[str, object]) -> dict[str, str]:
    low, high = cast("float", fields["low"]), cast("float", fields["high"])
    step, is_log = cast("float | None", fields.get("step")), fields.get("log", False)
    if low >= high:
        return {"": f"low must be below high, got low={low}, high={high}."}
    problems: dict[str, str] = {}
    if is_log and low <= 0:
        problems["low"] = f"low must be above 0 with log = true, got low={low}."
    if is_log and step is not None:
        problems["step"] = f"step and log exclude each other, got step={step}. Remove one."
    elif step is not None and not 0 < _exact(step) <= _exact(high) - _exact(low):
        rule = f"step must be above 0 and at most high - low = {_exact(high) - _exact(low)}"
        problems["step"] = f"{rule}, got step={step}."
    return problems


def _exact(number: float) -> Decimal:
    """Return the number as it is written: a step of 0.2 leads from 0.1 to 0.3."""
    return Decimal(str(number))


def _choice_problems(choices: object) -> dict[str, str]:
    if not isinstance(choices, list | tuple):
        return {"choices": f"expected a list, got {choices!r}. Write choices = [{choices!r}]"}
    if not choices:
        return {"choices": "the list is empty. Add at least one choice."}
    wrong = [each for each in choices if not isinstance(each, str | int | float | bool | None)]
    if wrong:
        rule = "a choice must be a text, a number or true/false"
        return {"choices": f"{rule}, got {wrong[0]!r}. For others, override how trials suggest."}
    repeated = [each for each, count in Counter(choices).items() if count > 1]
    if repeated:
        return {"choices": f"{repeated[0]!r} stands there more than once. Keep one of them."}
    return {}
