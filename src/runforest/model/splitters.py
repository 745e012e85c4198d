"""How rows are split into folds: splitters by name, and any other by its import path."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any, Protocol, cast

from runforest.foundation.importing import import_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from runforest.foundation.estimator_names import Kind

Fold = tuple["NDArray[np.intp]", "NDArray[np.intp]"]
"""Row positions to fit on and to score on; disjoint."""


class Splitter(Protocol):
    """What scikit-learn calls a splitter."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Fold]:  # noqa: ANN401, N803
        """Yield the folds of a table of (n_rows, n_columns) with its target and groups."""


@dataclass(frozen=True, kw_only=True)
class SplitterChoice:
    """A splitter by the import path of its class, for each kind of target that it is made for.

    `defaults` are options other than scikit-learn's. `by_group` keeps the rows of a group together,
    `in_time` fits on earlier rows than it scores.
    """

    paths: Mapping[Kind, str]
    defaults: Mapping[str, object] = field(default_factory=dict)
    by_group: bool = False
    in_time: bool = False


_SHUFFLED = {"shuffle": True}


def _both(name: str, stratified: str = "") -> dict[Kind, str]:
    path = f"sklearn.model_selection.{name}"
    other = f"sklearn.model_selection.{stratified}" if stratified else path
    return {"regression": path, "classification": other}


SPLITTERS: dict[str, SplitterChoice] = {
    "k_fold": SplitterChoice(paths=_both("KFold"), defaults=_SHUFFLED),
    "stratified": SplitterChoice(
        paths={"classification": "sklearn.model_selection.StratifiedKFold"}, defaults=_SHUFFLED
    ),
    "repeated": SplitterChoice(
        paths=_both("RepeatedKFold", "RepeatedStratifiedKFold"), defaults={"n_repeats": 3}
    ),
    "one_split": SplitterChoice(
        paths=_both("ShuffleSplit", "StratifiedShuffleSplit"),
        defaults={"n_splits": 1, "test_size": 0.25},
    ),
    "group_k_fold": SplitterChoice(paths=_both("GroupKFold"), defaults=_SHUFFLED, by_group=True),
    "stratified_group": SplitterChoice(
        paths={"classification": "sklearn.model_selection.StratifiedGroupKFold"},
        defaults=_SHUFFLED,
        by_group=True,
    ),
    "group_one_split": SplitterChoice(
        paths=_both("GroupShuffleSplit"),
        defaults={"n_splits": 1, "test_size": 0.25},
        by_group=True,
    ),
    "time_series": SplitterChoice(paths=_both("TimeSeriesSplit"), in_time=True),
}


def splitter_path(name: str, kind: Kind) -> str:
    """Return the import path of a splitter for this kind of target, given by name or path."""
    return SPLITTERS[name].paths[kind] if name in SPLITTERS else name


def build_splitter(
    name: str, options: Mapping[str, object], *, kind: Kind, n_folds: int, seed: int
) -> Splitter:
    """Return a splitter with its options.

    It gets `n_splits = n_folds` where it takes such an option and none is given, and
    `random_state = seed` where it shuffles.
    """
    factory: Any = import_object(splitter_path(name, kind))
    known = signature(factory).parameters
    given = {**(SPLITTERS[name].defaults if name in SPLITTERS else {}), **options}
    if "n_splits" in known:
        given.setdefault("n_splits", n_folds)
    shuffles = given.get("shuffle", known["shuffle"].default if "shuffle" in known else True)
    if "random_state" in known and shuffles:
        given.setdefault("random_state", seed)
    return cast("Splitter", factory(**given))
