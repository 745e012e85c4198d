"""The data set as the tasks get it: files, target, id and kind, all found and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.fingerprint.ingredients import digest_cache
from runforest.foundation.errors import ConfigError, Problem, did_you_mean
from runforest.foundation.layout import Layout
from runforest.results.line_cache import open_cache
from runforest.run.active import DatasetFacts
from runforest.table.profile import Profile, profile_file
from runforest.table.table_file import TableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig, PathConfig


# A word of its own, or with a capital after a small letter: `passengerId`, but not `humid`.
_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|key|index|uuid|guid)$|^(id|key|index)(_|\b))|[a-z0-9](I[dD]|Key|Index)$"
)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set that can be used; its fields are what tasks share from `[Dataset]`."""

    train_file: str
    test_file: str
    target: str
    id: str
    kind: str
    delimiter: str
    encoding: str
    splits: dict[str, object] = field(default_factory=dict)
    """What is not as by default of `group`, `time`, `holdout` and `cv`."""


@dataclass(frozen=True, kw_only=True)
class ResolvedDataset:
    """The data set with its profiles, and its problems; without `dataset` it cannot be used."""

    dataset: Dataset | None = None
    facts: DatasetFacts = field(default_factory=DatasetFacts)
    profiles: tuple[Profile, ...] = ()
    problems: tuple[Problem, ...] = ()


def resolve_dataset(config: DatasetConfig, paths: PathConfig, project: Path) -> ResolvedDataset:
    """Find the files, infer what is left out, and check what the columns hold."""
    folder = project / Path(paths.input).expanduser()
    files = [
        TableFile(path=folder / name, delimiter=config.delimiter, encoding=config.encoding)
        for name in _file_names(config, folder)
    ]
    columns: list[tuple[str, ...]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            columns.append(file.columns())
        except ConfigError as error:
            problems += error.problems
    if problems:
        return ResolvedDataset(problems=tuple(problems))
    train, test = (*columns, ())[:2]
    target, wrong_target = _infer_target(train, test, config)
    ids, wrong_id = _find_ids(train, test, config)
    problems += _problems(target=wrong_target, id=wrong_id)
    if not target:
        return ResolvedDataset(problems=tuple(problems))
    digests, cache = digest_cache(project), open_cache(Layout(project).profiles)
    try:
        profiles = tuple(
            profile_file(file, column, ids, digests.digest(file.path), cache)
            for file, column in zip(files, (target, ""), strict=False)
        )
    except ConfigError as error:
        return ResolvedDataset(problems=(*problems, *error.problems))
    chosen, wrong_id = _choose_id(ids, profiles)
    wrong_target = _target_problem(target, profiles[0], config)
    problems += _problems(target=wrong_target, id=wrong_id)
    if wrong_target:
        return ResolvedDataset(problems=tuple(problems))
    return ResolvedDataset(
        dataset=Dataset(
            train_file=str(files[0].path),
            test_file=str(files[1].path) if test else "",
            target=target,
            id=chosen,
            kind=config.kind or profiles[0].inferred_kind,
            delimiter=config.delimiter,
            encoding=config.encoding,
            splits=split_table(config, test),
        ),
        facts=DatasetFacts(
            train_columns=train,
            test_columns=test,
            has_test=bool(test),
            n_rows=profiles[0].n_rows,
            n_target_values=profiles[0].n_target_values,
            smallest_class=profiles[0].smallest_class,
            target_low=profiles[0].target_low,
        ),
        profiles=profiles,
        problems=tuple(problems),
    )


def _file_names(config: DatasetConfig, folder: Path) -> list[str]:
    """Return the names of the training file and of the test file, if there is one."""
    is_default = "test" not in config.model_fields_set
    has_test = config.test and not (is_default and not (folder / config.test).exists())
    return [config.train, config.test] if has_test else [config.train]


def split_table(config: DatasetConfig, test: Sequence[str]) -> dict[str, object]:
    """Return the parameter `splits` of the tasks; a time that the test file lacks is no feature."""
    is_train_only = bool(test) and config.time not in test
    hidden = [name for name in (config.group, config.time if is_train_only else "") if name]
    cv = {"name": config.cv} if isinstance(config.cv, str) and config.cv else config.cv
    found = {"group": config.group, "time": config.time, "holdout": config.holdout}
    return {key: value for key, value in {**found, "cv": cv, "hidden": hidden}.items() if value}


def _problems(**messages: str | None) -> list[Problem]:
    items = messages.items()
    return [Problem(where="[Dataset]", key=key, message=text) for key, text in items if text]


def _infer_target(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[str, str | None]:
    """Return the target, as configured or the one column that test lacks; or what is wrong."""
    only_train = [name for name in train if name not in test]
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


def _find_ids(
    train: Sequence[str], test: Sequence[str], config: DatasetConfig
) -> tuple[list[str], str | None]:
    """Return the columns that may be the id: the configured one, or those named like one."""
    shared = [name for name in train if name in test or not test]
    if not config.has_id:
        return [], None
    if not config.id:
        return [name for name in shared if _ID_NAME.search(name)], None
    if config.id in shared:
        return [config.id], None
    where = "both files" if test else config.train
    return [], f'"{config.id}" is not a column of {where}. {did_you_mean(config.id, shared)}'


def _choose_id(ids: list[str], profiles: Sequence[Profile]) -> tuple[str, str | None]:
    """Return the first unique candidate; no candidate is no mistake, a doubled one is."""
    if not ids:
        return "", None
    doubled = {name: sum(profile.duplicates[name] for profile in profiles) for name in ids}
    unique = [name for name, count in doubled.items() if not count]
    if unique:
        return unique[0], None
    name, count = next(iter(doubled.items()))
    rows = "1 row repeats a value or has" if count == 1 else f"{count} rows repeat a value or have"
    return name, (
        f"{name} is not unique: {rows} none. Remove the doubles, name another column, or set "
        "has_id = false to number the predictions."
    )


def _target_problem(target: str, profile: Profile, config: DatasetConfig) -> str | None:
    if profile.n_target_values == 0:
        return f"{target} has no value in any row. Name another column, or repair the file."
    if profile.n_target_values == 1:
        wrong = f"{target} has the same value in every row, so there is nothing to learn."
        return f"{wrong} Name another column."
    if config.kind == "regression" and not profile.is_number:
        return f'{target} holds text, got kind = "regression". Set kind = "classification".'
    return None
