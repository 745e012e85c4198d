"""Which column is the target and which the id: as said, or inferred from names and values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.foundation.errors import did_you_mean
from runforest.table.profile import repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig
    from runforest.table.profile import Profile

# A word of its own, or with a capital after a small letter: `passengerId`, but not `humid`.
_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|key|index|uuid|guid)$|^(id|key|index)(_|\b))|[a-z0-9](I[dD]|Key|Index)$"
)


def infer_target(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[str, str | None]:
    """Return the target, as configured or the one column that test lacks; or what is wrong."""
    only_train = [
        name for name in train if name not in test and name not in (config.group, config.time)
    ]
    if config.target in train or (not config.target and len(only_train) == 1):
        return config.target or only_train[0], None
    if config.target:
        hint = did_you_mean(config.target, train)
        wrong = f'"{config.target}" is not a column of {config.train}. {hint}'
    elif test:
        found = ", ".join(only_train) or "no column"
        wrong = f'cannot be inferred: train has {found} that test lacks. Name it: target = "...".'
    else:
        wrong = "cannot be inferred without a test file. Name the column to predict: target = "
        wrong += f'"...". {config.train} has {", ".join(train)}.'
    return "", wrong


def find_ids(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[list[str], str | None]:
    """Return the columns that may be the id: the configured one, or those named like one."""
    shared = [name for name in train if name in test or not test]
    named = said_id(config)
    if not config.has_id:
        return [], None
    if not named:
        known = {config.group, config.time, config.target, *config.columns}
        return [name for name in shared if _ID_NAME.search(name) and name not in known], None
    if named in shared:
        return [named], None
    where = "both files" if test else config.train
    return [], f'"{named}" is not a column of {where}. {did_you_mean(named, shared)}'


def said_id(config: DatasetConfig) -> str:
    """Return the column that is said to be the id, empty if none is."""
    said = [name for name, role in config.columns.items() if role == "id"]
    return config.id or next(iter(said), "")


def id_problem(profile: Profile) -> str | None:
    """Return what is wrong with an id that was named: a guess is not chosen if it has doubles."""
    count = profile.duplicates.get(profile.id)
    if not count:
        return None
    return (
        f"{profile.id} is not unique: {repeated(count)} none. Remove the doubles, name another "
        "column, or set has_id = false to number the predictions."
    )


def target_problem(target: str, profile: Profile, config: DatasetConfig) -> str | None:
    """Return why nothing can be learned of the target, and the remedy."""
    if profile.n_target_values == 0:
        return f"{target} has no value in any row. Name another column, or repair the file."
    if profile.n_target_values == 1:
        wrong = f"{target} has the same value in every row, so there is nothing to learn."
        return f"{wrong} Name another column."
    if config.kind == "regression" and not profile.has_numbers:
        return f'{target} holds text, got kind = "regression". Set kind = "classification".'
    return None
