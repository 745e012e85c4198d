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
from runforest.table.options import Reading
from runforest.table.profile import Profile, Wanted, profile_files, repeated
from runforest.table.raw.table_file import TableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig, PathConfig
    from runforest.table.schema import Note


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
    reading: dict[str, object] = field(default_factory=dict)
    """What is said of how the files are read."""
    columns: dict[str, str] = field(default_factory=dict)
    """Roles that are said, by column."""
    kept: list[str] = field(default_factory=list)
    """Columns of the training file that stay though the test file lacks them."""
    splits: dict[str, object] = field(default_factory=dict)
    """What is not as by default of `group`, `time`, `holdout` and `cv`."""


@dataclass(frozen=True, kw_only=True)
class ResolvedDataset:
    """The data set with its profiles, and its problems; without `dataset` it cannot be used."""

    dataset: Dataset | None = None
    facts: DatasetFacts = field(default_factory=DatasetFacts)
    profile: Profile | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was recognised or guessed, a line each."""
        return self.profile.schema.notes if self.profile else ()


def resolve_dataset(config: DatasetConfig, paths: PathConfig, project: Path) -> ResolvedDataset:
    """Find the files, infer what is left out, and check what the columns hold."""
    folder = project / Path(paths.input).expanduser()
    reading = _reading(config)
    files = {
        part: TableFile(path=folder / name, reading=reading)
        for part, name in _file_names(config, folder).items()
    }
    columns: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for part, file in files.items():
        try:
            columns[part] = file.columns
        except ConfigError as error:
            problems += error.problems
    if problems:
        return ResolvedDataset(problems=tuple(problems))
    train, test = columns["train"], columns.get("test", ())
    target, wrong_target = _infer_target(train, test, config)
    ids, wrong_id = _find_ids(train, test, config)
    problems += _problems(target=wrong_target, id=wrong_id)
    problems += _column_problems(config, [*train, *test])
    if not target:
        return ResolvedDataset(problems=tuple(problems))
    cache = digest_cache(project)
    wanted = Wanted(
        target=target,
        ids=tuple(ids),
        is_id_named=bool(_said_id(config)),
        kind=config.kind,
        kept=tuple(one for one in (config.group, config.time) if one and one not in test),
    )
    try:
        profile = profile_files(
            files,
            wanted,
            reading,
            {part: cache.digest(file.path) for part, file in files.items()},
            open_cache(Layout(project).profiles),
        )
    except ConfigError as error:
        return ResolvedDataset(problems=(*problems, *error.problems))
    wrong_target = _target_problem(target, profile, config)
    problems += _problems(target=wrong_target, id=_id_problem(profile))
    if wrong_target:
        return ResolvedDataset(problems=tuple(problems))
    return ResolvedDataset(
        dataset=Dataset(
            train_file=str(files["train"].path),
            test_file=str(files["test"].path) if test else "",
            target=target,
            id=profile.id,
            kind=profile.kind,
            reading=reading.options(),
            columns=dict(config.columns),
            kept=list(wanted.kept),
            splits=split_table(config, test),
        ),
        facts=DatasetFacts(
            train_columns=train,
            test_columns=test,
            has_test=bool(test),
            left_out=tuple(profile.schema.left_out),
            n_rows=profile.n_rows,
            n_target_values=profile.n_target_values,
            smallest_class=profile.smallest_class,
            target_low=profile.target_low,
            is_kind_guessed=not config.kind,
        ),
        profile=profile,
        problems=tuple(problems),
    )


def _file_names(config: DatasetConfig, folder: Path) -> dict[str, str]:
    """Return the names of the training file and of the test file, if there is one."""
    is_default = "test" not in config.model_fields_set
    has_test = config.test and not (is_default and not (folder / config.test).exists())
    return {"train": config.train} | ({"test": config.test} if has_test else {})


def _reading(config: DatasetConfig) -> Reading:
    return Reading(
        delimiter=config.delimiter,
        encoding=config.encoding,
        decimal=config.decimal,
        thousands=config.thousands,
        sheet=config.sheet,
        missing=None if config.missing is None else tuple(config.missing),
        columns=dict(config.columns),
    )


def _column_problems(config: DatasetConfig, known: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            where="[Dataset.columns]",
            key=name,
            message=f"is not a column of the files. {did_you_mean(name, known)}",
        )
        for name in config.columns
        if name not in known
    ]


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
    named = _said_id(config)
    if not config.has_id:
        return [], None
    if not named:
        known = {config.group, config.time, config.target, *config.columns}
        return [name for name in shared if _ID_NAME.search(name) and name not in known], None
    if named in shared:
        return [named], None
    where = "both files" if test else config.train
    return [], f'"{named}" is not a column of {where}. {did_you_mean(named, shared)}'


def _said_id(config: DatasetConfig) -> str:
    """Return the column that is said to be the id, empty if none is."""
    said = [name for name, role in config.columns.items() if role == "id"]
    return config.id or next(iter(said), "")


def _id_problem(profile: Profile) -> str | None:
    """Return what is wrong with an id that was named: a guess is not chosen if it has doubles."""
    count = profile.duplicates.get(profile.id)
    if not count:
        return None
    return (
        f"{profile.id} is not unique: {repeated(count)} none. Remove the doubles, name another "
        "column, or set has_id = false to number the predictions."
    )


def _target_problem(target: str, profile: Profile, config: DatasetConfig) -> str | None:
    if profile.n_target_values == 0:
        return f"{target} has no value in any row. Name another column, or repair the file."
    if profile.n_target_values == 1:
        wrong = f"{target} has the same value in every row, so there is nothing to learn."
        return f"{wrong} Name another column."
    if config.kind == "regression" and not profile.has_numbers:
        return f'{target} holds text, got kind = "regression". Set kind = "classification".'
    return None
