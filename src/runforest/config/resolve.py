"""The data set as the tasks get it: files, target, id and kind, all found and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.dataset import find_ids, infer_target
from runforest.config.profile import Profile, profile_file
from runforest.errors import ConfigError, Problem
from runforest.fingerprint.ingredients import digest_cache
from runforest.layout import Layout
from runforest.model.table_file import TableFile
from runforest.run.active import DatasetFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.config.model import DatasetConfig, PathConfig


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


@dataclass(frozen=True, kw_only=True)
class ResolvedDataset:
    """The data set with its profiles, and what is wrong with it.

    Without `dataset` the mistakes are such that nothing can be checked against it.
    """

    dataset: Dataset | None = None
    facts: DatasetFacts = field(default_factory=DatasetFacts)
    profiles: tuple[Profile, ...] = ()
    problems: tuple[Problem, ...] = ()


def resolve_dataset(config: DatasetConfig, paths: PathConfig, project: Path) -> ResolvedDataset:
    """Find the files, infer what is left out, and check what the columns hold."""
    folder = project / Path(paths.input).expanduser()
    files = [
        TableFile(path=folder / name, delimiter=config.delimiter, encoding=config.encoding)
        for name in (config.train, config.test)
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
    train, test = columns
    target, target_problem = infer_target(train, test, config)
    ids, id_problem = find_ids(train, test, config)
    problems += [problem for problem in (target_problem, id_problem) if problem]
    digests, cache = digest_cache(project), Layout(project).profiles
    try:
        profiles = tuple(
            profile_file(file, column, ids, digests=digests, cache=cache)
            for file, column in zip(files, (target, ""), strict=True)
            if target
        )
    except ConfigError as error:
        return ResolvedDataset(problems=(*problems, *error.problems))
    if not profiles:
        return ResolvedDataset(problems=tuple(problems))
    chosen, id_problem = _choose_id(ids, profiles)
    target_problem = _target_problem(target, profiles[0], config)
    problems += [problem for problem in (target_problem, id_problem) if problem]
    if target_problem:
        return ResolvedDataset(problems=tuple(problems))
    return ResolvedDataset(
        dataset=Dataset(
            train_file=str(files[0].path),
            test_file=str(files[1].path),
            target=target,
            id=chosen,
            kind=config.kind or profiles[0].inferred_kind,
            delimiter=config.delimiter,
            encoding=config.encoding,
        ),
        facts=DatasetFacts(
            train_columns=train,
            test_columns=test,
            n_rows=profiles[0].n_rows,
            n_target_values=profiles[0].n_target_values,
            smallest_class=profiles[0].smallest_class,
        ),
        profiles=profiles,
        problems=tuple(problems),
    )


def _choose_id(ids: list[str], profiles: Sequence[Profile]) -> tuple[str, Problem | None]:
    """Return the first unique candidate; no candidate is no mistake, a doubled one is."""
    if not ids:
        return "", None
    doubled = {name: sum(profile.duplicates[name] for profile in profiles) for name in ids}
    unique = [name for name, count in doubled.items() if not count]
    if unique:
        return unique[0], None
    name, count = next(iter(doubled.items()))
    rows = "1 row repeats a value or has" if count == 1 else f"{count} rows repeat a value or have"
    message = (
        f"{name} is not unique: {rows} none. Remove the doubles, name another column, or set "
        "has_id = false to number the predictions."
    )
    return name, Problem(where="[Dataset]", key="id", message=message)


def _target_problem(target: str, profile: Profile, config: DatasetConfig) -> Problem | None:
    if profile.n_target_values == 0:
        message = f"{target} has no value in any row. Name another column, or repair the file."
    elif profile.n_target_values == 1:
        message = (
            f"{target} has the same value in every row, so there is nothing to learn. "
            "Name another column."
        )
    elif config.kind == "regression" and not profile.is_number:
        message = f'{target} holds text, got kind = "regression". Set kind = "classification".'
    else:
        return None
    return Problem(where="[Dataset]", key="target", message=message)
