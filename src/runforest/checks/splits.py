"""What is wrong with the splits of a data set, found before a run is opened."""

from __future__ import annotations

import inspect
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from runforest.foundation.errors import Problem, did_you_mean
from runforest.foundation.importing import import_object
from runforest.model.splits import SplitSpec, set_aside, time_values
from runforest.model.splitters import SPLITTERS, build_splitter, splitter_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from runforest.model.columns import ColumnChoice
    from runforest.model.splitters import SplitterChoice
    from runforest.run.active import DatasetFacts

COUNTED = {
    "n_rows": "the rows",
    "smallest_class": "the rows of the smallest class of the target",
    "n_groups": "the groups",
    "n_times": "the different times",
}
LIMITS = {
    "KFold": "n_rows",
    "RepeatedKFold": "n_rows",
    "StratifiedKFold": "smallest_class",
    "RepeatedStratifiedKFold": "smallest_class",
    "GroupKFold": "n_groups",
    "StratifiedGroupKFold": "n_groups",
    "TimeSeriesSplit": "n_times",
}
"""Class of a splitter -> the count that its folds must not exceed; of times, stay below."""

PAIRS = {
    "StratifiedShuffleSplit": "smallest_class",
    "GroupShuffleSplit": "n_groups",
    "LeaveOneGroupOut": "n_groups",
}
"""Class of a splitter -> the count that has to be two or more."""


def split_column_problems(
    names: Mapping[str, str], train: Sequence[str], *, target: str, id_column: str
) -> dict[str, str]:
    """Return what is wrong with the columns named by `group` and `time`, by key."""
    found = {}
    jobs = {target: "target", id_column: "id"}
    for key, name in names.items():
        if name and name not in train:
            found[key] = f'"{name}" is not a column of the training file. '
            found[key] += did_you_mean(name, train)
        elif name and name in jobs:
            found[key] = f'"{name}" is the {jobs[name]}. Name another column.'
    if names["group"] and names["time"]:
        found["time"] = (
            "cannot be set together with group: whole groups are not in order of time. Leave one "
            "of them out; a splitter of your own sees all columns (cv)."
        )
    return found


def unused_column_problems(
    choice: ColumnChoice, names: Mapping[str, str], train: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield key and message where a column that decides about splits would not be in the tables."""
    for key, name in names.items():
        if not name:
            continue
        if name in choice.rename:
            yield (
                "rename",
                f'"{name}" is the {key} of [Dataset], which keeps its name. Take it out.',
            )
        elif name in choice.drop_columns:
            yield "drop_columns", f'"{name}" is the {key} of [Dataset]. Take it out.'
        elif name not in choice.train(train):
            yield "train_columns", f'"{name}" is the {key} of [Dataset]. Add it.'


def split_facts(
    table: pd.DataFrame, target: str, spec: SplitSpec
) -> tuple[dict[str, int], dict[str, str]]:
    """Return counts over the rows that are not held out, or what is wrong, by key of [Dataset].

    Parameters
    ----------
    table : (n_rows, n_columns) frame
        The training rows; those without a target do not count.
    """
    table = table[table[target].notna()]
    if problems := _value_problems(table, spec):
        return {}, problems
    sizes = table[target].value_counts()
    is_stratified = spec.kind == "classification" and not (spec.group or spec.time)
    if spec.holdout and is_stratified and sizes.min() == 1:
        remedy = "Merge that class with another, or set holdout = 0."
        return {}, {"holdout": f"the class {sizes.idxmin()} has one row only. {remedy}"}
    try:
        rows, _ = set_aside(table, target, spec)
    except ValueError as error:
        return {}, {"holdout": f"no such rows can be held out: {error}. Choose another share."}
    if rows.empty:
        return {}, {"holdout": f"leaves no row to learn from, got {spec.holdout}. Lower it."}
    facts = {"n_rows": len(rows), "smallest_class": int(rows[target].value_counts().min())}
    facts |= {"n_groups": rows[spec.group].nunique()} if spec.group else {}
    return facts | ({"n_times": rows[spec.time].nunique()} if spec.time else {}), {}


def _value_problems(table: pd.DataFrame, spec: SplitSpec) -> dict[str, str]:
    found = {}
    for key, name in {"group": spec.group, "time": spec.time}.items():
        n_missing = int(table[name].isna().sum()) if name else 0
        if n_missing:
            rows = "1 row" if n_missing == 1 else f"{n_missing} rows"
            found[key] = f"{name} has no value in {rows}. Fill it in, or leave such rows out."
    if spec.time and not found:
        try:
            time_values(table[spec.time])
        except ValueError:
            example = next(one for one in table[spec.time] if not _is_time(one))
            found["time"] = (
                f'{spec.time} holds neither dates nor numbers, such as "{example}". Write dates as '
                "2024-12-31, or name another column."
            )
    return found


def _is_time(value: object) -> bool:
    import pandas as pd

    try:
        time_values(pd.Series([value]))
    except ValueError:
        return False
    return True


def split_problems(task: str, spec: SplitSpec, facts: DatasetFacts) -> list[Problem]:
    """Return what is wrong with the cross-validation of a task, given by its name."""
    if message := cv_problem(spec):
        return [Problem(where="[Dataset]", key="cv", message=message)]
    if message := _pair_problem(spec, facts):
        return [Problem(where="[Dataset]", key="cv", message=message)]
    if message := fold_count_problem(spec, facts):
        if "n_splits" in spec.options:
            return [Problem(where="[Dataset]", key="cv", message=f"n_splits {message}")]
        return [Problem(where=f"[{task}]", key="n_folds", message=message)]
    return []


def cv_problem(spec: SplitSpec) -> str | None:
    """Return why the splitter cannot be used, and the remedy."""
    name = spec.splitter_name
    if name not in SPLITTERS and "." not in name:
        return f'unknown splitter "{name}". {did_you_mean(name, SPLITTERS)}'
    if name in SPLITTERS and (message := _misuse(name, SPLITTERS[name], spec)):
        return message
    try:
        factory: Any = import_object(splitter_path(name, spec.kind))
    except ValueError as error:
        return str(error)
    if not (inspect.isclass(factory) and hasattr(factory, "split")):
        example = "sklearn.model_selection.ShuffleSplit"
        return f"`{name}` is no class with a method `split`. Name one, such as `{example}`."
    return _option_problem(name, factory, spec)


def _pair_problem(spec: SplitSpec, facts: DatasetFacts) -> str | None:
    """Return why a splitter cannot put one of its kind on each side."""
    counted = PAIRS.get(splitter_path(spec.splitter_name, spec.kind).rpartition(".")[2])
    if counted is None or getattr(facts, counted) > 1:
        return None
    what = "two groups" if counted == "n_groups" else "two rows of each class of the target"
    return f"{spec.splitter_name} needs {what}. {_few(counted, facts)}"


def _misuse(name: str, choice: SplitterChoice, spec: SplitSpec) -> str | None:
    if spec.kind not in choice.paths:
        other = "group_k_fold" if choice.by_group else "k_fold"
        return f'{name} is for classes, and the target is a number. Set cv = "{other}".'
    if choice.by_group and not spec.group:
        return f'{name} has to know the groups. Set group = "..." to the column that names them.'
    if spec.group and not choice.by_group:
        others = " or ".join(other for other, one in SPLITTERS.items() if one.by_group)
        remedy = f"Use {others}, or leave out group."
        return f"{name} does not keep the rows of one {spec.group} together. {remedy}"
    return None


def _option_problem(name: str, factory: type, spec: SplitSpec) -> str | None:
    known = signature(factory).parameters
    takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in known.values())
    unknown = [] if takes_any else [key for key in spec.options if key not in known]
    if unknown:
        return f"unknown option {unknown[0]} of {name}. {did_you_mean(unknown[0], known)}"
    try:
        build_splitter(name, spec.options, kind=spec.kind, n_folds=spec.n_folds, seed=spec.seed)
    except (TypeError, ValueError) as error:
        return f"{name} cannot be built: {str(error).rstrip('.')}. Correct its options."
    return None


def fold_count_problem(spec: SplitSpec, facts: DatasetFacts) -> str | None:
    """Return why a splitter of scikit-learn would make too many folds, and the remedy.

    >>> from runforest.run.active import DatasetFacts
    >>> facts = DatasetFacts(n_rows=100, smallest_class=3)
    >>> fold_count_problem(SplitSpec(kind="classification", n_folds=5), facts)
    'must be at most 3, the rows of the smallest class of the target, got 5. Set n_folds = 3.'
    """
    key = "n_splits" if "n_splits" in spec.options else "n_folds"
    n_folds = spec.options.get("n_splits", spec.n_folds)
    splitter = splitter_path(spec.splitter_name, spec.kind).rpartition(".")[2]
    counted = LIMITS.get(splitter, "")
    if counted == "n_times" and not spec.time:
        counted = "n_rows"
    limit = getattr(facts, counted, 0) - (splitter == "TimeSeriesSplit")
    if not counted or not isinstance(n_folds, int) or n_folds <= limit:
        return None
    what = COUNTED[counted] + (" but one" if splitter == "TimeSeriesSplit" else "")
    what += " that are not held out" if spec.holdout else ""
    remedy = f"Set {key} = {limit}." if limit > 1 else _few(counted, facts)
    return f"must be at most {limit}, {what}, got {n_folds}. {remedy}"


def _few(counted: str, facts: DatasetFacts) -> str:
    """Return what to do where there are too few for any cross-validation."""
    if counted == "smallest_class":
        remedy = 'Merge that class with another, or set [Dataset] cv = "k_fold"'
        is_number = facts.is_kind_guessed and facts.target_low is not None
        quantity = '; if the target is a quantity, set kind = "regression": classes are a guess'
        return f"{remedy}{quantity if is_number else ''}."
    key = {"n_groups": "group", "n_times": "time"}.get(counted)
    return f"Name another column, or leave {key} out." if key else "Add rows."
