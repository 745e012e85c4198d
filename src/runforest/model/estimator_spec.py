"""What an estimator is built from, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runforest.foundation.estimator_names import Kind, estimator_path

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class EstimatorSpec:
    """What is needed to build an estimator, as a value that can be sent to another process.

    An empty `path` stands for the default of the kind, a ridge model.

    Attributes
    ----------
    target_transform
        Name of a transform of the target, which is undone in what is predicted; empty for none.
    early_stopping_rounds
        Rounds without a better validation score after which boosting ends; 0 for no such end.
    features
        What `[Features]` says; what it leaves out follows from the estimator.
    """

    path: str
    params: Mapping[str, object]
    seed: int
    kind: Kind
    target_transform: str = ""
    early_stopping_rounds: int = 0
    features: Mapping[str, object] = field(default_factory=dict)

    @property
    def import_path(self) -> str:
        """The import path of the name, the path itself, or that of the default."""
        return estimator_path(self.path or "ridge", self.kind)
