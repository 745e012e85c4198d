"""What [Dataset] says about splits, and what the rows say to that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from runforest import __version__
from runforest.checks.splits import split_facts
from runforest.model.splits import split_spec
from runforest.results.digests import text_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from runforest.config.model import DatasetConfig
    from runforest.foundation.estimator_names import Kind
    from runforest.results.line_cache import LineCache


def split_table(config: DatasetConfig, test: Sequence[str]) -> dict[str, object]:
    """Return the parameter `splits` of the tasks; a time that the test file lacks is no feature."""
    is_train_only = bool(test) and config.time not in test
    hidden = [name for name in (config.group, config.time if is_train_only else "") if name]
    cv = {"name": config.cv} if isinstance(config.cv, str) and config.cv else config.cv
    found = {"group": config.group, "time": config.time, "holdout": config.holdout}
    return {key: value for key, value in {**found, "cv": cv, "hidden": hidden}.items() if value}


def look_at_splits(
    splits: Mapping[str, object],
    *,
    kind: Kind,
    target: str,
    read: Callable[[], pd.DataFrame],
    content: object,
    cache: LineCache,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return `split_facts` of the training rows, which are read once per `content`.

    `content` is what the rows follow from: the digest of the file, and how it is read.
    """
    spec = split_spec(splits, kind=kind)
    if not (spec.group or spec.time or spec.holdout):
        return {}, {}
    wanted = [__version__, content, target, kind, spec.group, spec.time, spec.holdout]
    key = text_digest(json.dumps(wanted))
    found = cast("tuple[dict[str, Any], dict[str, str]] | None", cache.get(key))
    if found is None:
        found = split_facts(read(), target, spec)
        cache.put(key, found)
    facts, problems = found
    return facts, problems
