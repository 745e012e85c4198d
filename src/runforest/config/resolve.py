"""The data set as the tasks get it: files, target, id and kind, all found and checked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.dataset import Header, find_ids, infer_target, read_header
from runforest.config.profile import Profile, profile_file
from runforest.errors import Problem
from runforest.fingerprint.ingredients import digest_cache
from runforest.layout import Layout
from runforest.model.table_file import TableError, TableFile
from runforest.run.active import DatasetFacts

if TYPE_CHECKING:
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
    headers = [
        read_header(
            TableFile(path=folder / name, delimiter=config.delimiter, encoding=config.encoding)
        )
        for name in (config.train, config.test)
    ]
    problems = tuple(header for header in headers if isinstance(header, Problem))
    train, test = headers
    if isinstance(train, Problem) or isinstance(test, Problem):
        return ResolvedDataset(problems=problems)
    target, target_problem = infer_target(train, test, config)
    ids, id_problem = find_ids(train, test, config)
    problems = tuple(problem for problem in (target_problem, id_problem) if problem)
    if not target:
        return ResolvedDataset(problems=problems)
    profiled = _profiled(train, test, target, ids, config=config, project=project)
    return dataclasses.replace(profiled, problems=problems + profiled.problems)


def _profiled(
    train: Header,
    test: Header,
    target: str,
    ids: list[str],
    *,
    config: DatasetConfig,
    project: Path,
) -> ResolvedDataset:
    profiles = []
    for header, column in ((train, target), (test, "")):
        try:
            profiles.append(
                profile_file(
                    header.table,
                    column,
                    ids,
                    digests=digest_cache(project),
                    cache=Layout(project).profiles,
                )
            )
        except TableError as error:
            problem = Problem(where=str(header.file), message=str(error))
            return ResolvedDataset(problems=(problem,))
    chosen, id_problem = _choose_id(ids, profiles)
    target_problem = _target_problem(target, profiles[0], config)
    problems = tuple(problem for problem in (target_problem, id_problem) if problem)
    if target_problem:
        return ResolvedDataset(problems=problems)
    dataset = Dataset(
        train_file=str(train.file),
        test_file=str(test.file),
        target=target,
        id=chosen,
        kind=config.kind or profiles[0].inferred_kind,
        delimiter=config.delimiter,
        encoding=config.encoding,
    )
    facts = DatasetFacts(
        train_columns=train.columns,
        test_columns=test.columns,
        n_rows=profiles[0].n_rows,
        n_target_values=profiles[0].n_target_values,
        smallest_class=profiles[0].smallest_class,
    )
    return ResolvedDataset(
        dataset=dataset, facts=facts, profiles=tuple(profiles), problems=problems
    )


def _choose_id(ids: list[str], profiles: list[Profile]) -> tuple[str, Problem | None]:
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
