"""The data set as the tasks get it: files, target, id and kind, all found and checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.checks.splits import split_column_problems
from runforest.config.splits import look_at_splits, split_table
from runforest.config.target_and_id import (
    find_ids,
    id_problem,
    infer_target,
    said_id,
    target_problem,
)
from runforest.fingerprint.ingredients import digest_cache
from runforest.foundation.errors import ConfigError, Problem, did_you_mean
from runforest.foundation.layout import Layout
from runforest.results.line_cache import open_cache
from runforest.run.active import DatasetFacts
from runforest.table.options import Reading
from runforest.table.profile import Profile, Wanted, peek_tables, profile_files
from runforest.table.raw.files import default_file
from runforest.table.raw.table_file import TableFile
from runforest.table.schema import Note
from runforest.table.typed import Jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig, PathConfig


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set that can be used; its fields are what tasks share from `[Dataset]`."""

    train: str
    test: str
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
    file_notes: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was recognised or guessed, a line each."""
        return (*(self.profile.schema.notes if self.profile else ()), *self.file_notes)


def resolve_dataset(config: DatasetConfig, paths: PathConfig, project: Path) -> ResolvedDataset:
    """Find the files, infer what is left out, and check what the columns hold."""
    folder = project / Path(paths.input).expanduser()
    reading = _reading(config)
    names = _file_names(config, folder)
    files = {part: TableFile(path=folder / name, reading=reading) for part, name in names.items()}
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
    target, wrong_target = infer_target(train, test, config)
    ids, wrong_id = find_ids(train, test, config)
    problems += _problems(target=wrong_target, id=wrong_id)
    problems += _column_problems(config, [*train, *test])
    split_columns = {"group": config.group, "time": config.time}
    wrong = split_column_problems(split_columns, train, target=target, id_column=config.id)
    problems += _problems(**wrong)
    if not target or wrong:
        return ResolvedDataset(problems=tuple(problems))
    cache = digest_cache(project)
    wanted = Wanted(
        target=target,
        ids=tuple(ids),
        is_id_named=bool(said_id(config)),
        kind=config.kind,
        are_splits_said=bool(config.group or config.time or config.cv),
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
    wrong_target = target_problem(target, profile, config)
    problems += _problems(target=wrong_target, id=id_problem(profile))
    if wrong_target:
        return ResolvedDataset(problems=tuple(problems))
    splits = split_table(config, test)
    jobs = Jobs(target=target, id=profile.id, kind=profile.kind, kept=wanted.kept)
    split_counts, wrong = look_at_splits(
        splits,
        kind=profile.kind,
        target=target,
        read=lambda: peek_tables(files, jobs, reading).frames["train"],
        content=[cache.digest(files["train"].path), reading.options(), dict(reading.columns)],
        cache=open_cache(Layout(project).profiles),
    )
    problems += _problems(**wrong)
    return ResolvedDataset(
        dataset=Dataset(
            train=names["train"],
            test=names.get("test", ""),
            train_file=str(files["train"].path),
            test_file=str(files["test"].path) if test else "",
            target=target,
            id=profile.id,
            kind=profile.kind,
            reading=reading.options(),
            columns=dict(config.columns),
            kept=list(wanted.kept),
            splits=splits,
        ),
        facts=replace(
            DatasetFacts(
                train_columns=train,
                test_columns=test,
                has_test=bool(test),
                left_out=tuple(profile.schema.left_out),
                n_rows=profile.n_rows,
                n_target_values=profile.n_target_values,
                smallest_class=profile.smallest_class,
                target_low=profile.target_low,
                is_kind_guessed=not config.kind,
                group=config.group,
                time=config.time,
            ),
            **split_counts,
        ),
        profile=profile,
        problems=tuple(problems),
        file_notes=_file_notes(config, target, test),
    )


def _file_notes(config: DatasetConfig, target: str, test: Sequence[str]) -> tuple[Note, ...]:
    """Return what becomes of the test file where that is not as usual."""
    if target in test:
        text = f"{config.test}: has {target}, so its rows are scored; nothing is learned from them"
        return (Note(text=text),)
    if config.test and not test:
        return (Note(text=f"no {config.test} in the input folder: nothing is predicted"),)
    return ()


def _file_names(config: DatasetConfig, folder: Path) -> dict[str, str]:
    """Return the names of the training file and of the test file, if there is one.

    Where none is named and there is no CSV file, the only one of another format is taken.
    """
    said = {part: getattr(config, part) for part in ("train", "test")}
    names = {
        part: name if part in config.model_fields_set else default_file(folder, name)
        for part, name in said.items()
    }
    if "test" not in config.model_fields_set and not (folder / names["test"]).exists():
        names["test"] = ""
    return {part: name for part, name in names.items() if name}


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


def _problems(**messages: str | None) -> list[Problem]:
    items = messages.items()
    return [Problem(where="[Dataset]", key=key, message=text) for key, text in items if text]
