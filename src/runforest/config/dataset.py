"""The columns of the data set's two files that have a role: the target, and the id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig

# A word of its own, or with a capital after a small letter: `passengerId`, but not `humid`.
_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|key|index|uuid|guid)$|^(id|key|index)(_|\b))|[a-z0-9](I[dD]|Key|Index)$"
)


def infer_target(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[str, Problem | None]:
    """Return the target: as configured, or the one column that train has and test lacks."""
    only_train = [name for name in train if name not in test]
    if config.target in only_train or (not config.target and len(only_train) == 1):
        return config.target or only_train[0], None
    if not config.target:
        found = ", ".join(only_train) or "no column"
        message = f'cannot be inferred: train has {found} that test lacks. Name it: target = "...".'
    elif config.target in train:
        message = (
            f'"{config.target}" is also a column of {config.test}, where it should be unknown. '
            "Remove it there, or name another target."
        )
    else:
        hint = did_you_mean(config.target, train)
        message = f'"{config.target}" is not a column of {config.train}. {hint}'
    return "", Problem(where="[Dataset]", key="target", message=message)


def find_ids(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[list[str], Problem | None]:
    """Return the columns that may be the id: the configured one, or those named like one."""
    shared = [name for name in train if name in test]
    if not config.has_id:
        return [], None
    if not config.id:
        return [name for name in shared if _ID_NAME.search(name)], None
    if config.id in shared:
        return [config.id], None
    message = f'"{config.id}" is not a column of both files. {did_you_mean(config.id, shared)}'
    return [], Problem(where="[Dataset]", key="id", message=message)
