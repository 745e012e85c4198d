"""The data set as the tasks get it: files, target, id and kind, all found and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runforest.config.dataset import Header, id_candidates, infer_target, read_header
from runforest.config.profile import Profile, profile_file
from runforest.errors import Problem, did_you_mean
from runforest.fingerprint.ingredients import digest_cache
from runforest.run import DatasetFacts

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
    """The data set with its profiles, or what is wrong with it."""

    dataset: Dataset | None = None
    facts: DatasetFacts = DatasetFacts()
    profiles: tuple[Profile, ...] = ()
    problems: tuple[Problem, ...] = ()


def resolve_dataset(config: DatasetConfig, paths: PathConfig, project: Path) -> ResolvedDataset:
    """Find the files, infer what is left out, and check what the columns hold."""
    folder = project / Path(paths.input).expanduser()
    headers = [
        read_header(folder / config.train, config, "train"),
        read_header(folder / config.test, config, "test"),
    ]
    problems = tuple(header for header in headers if isinstance(header, Problem))
    train, test = headers
    if isinstance(train, Problem) or isinstance(test, Problem):
        return ResolvedDataset(problems=problems)
    target = infer_target(train, test, config)
    if isinstance(target, Problem):
        return ResolvedDataset(problems=(target,))
    return _profiled(train, test, target, config, project)


def _profiled(
    train: Header, test: Header, target: str, config: DatasetConfig, project: Path
) -> ResolvedDataset:
    ids = id_candidates(test, train, config) if config.has_id else []
    unknown = [name for name in ids if name not in train.columns or name not in test.columns]
    if unknown:
        message = f'"{unknown[0]}" is not a column of both files. ' + did_you_mean(
            unknown[0], [name for name in train.columns if name in test.columns]
        )
        return ResolvedDataset(problems=(Problem(where="[Dataset]", key="id", message=message),))
    profiles = []
    for header, column in ((train, target), (test, "")):
        try:
            profiles.append(
                profile_file(
                    header.file,
                    column,
                    ids,
                    config,
                    digest_cache(project),
                    project / "mlruns" / "cache" / "profiles",
                )
            )
        except ValueError as error:
            message = f"is not a table: {error}. Correct the file, or set [Dataset] delimiter."
            return ResolvedDataset(problems=(Problem(where=str(header.file), message=message),))
    chosen, problem = _choose_id(ids, profiles)
    problems = [*_target_problems(target, profiles[0], config), *([problem] if problem else [])]
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
        dataset=dataset, facts=facts, profiles=tuple(profiles), problems=tuple(problems)
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
    message = (
        f"{name} is not unique: {count} rows repeat a value or have none. Remove the doubles, name "
        "another column, or set has_id = false to number the predictions."
    )
    return name, Problem(where="[Dataset]", key="id", message=message)


def _target_problems(target: str, profile: Profile, config: DatasetConfig) -> list[Problem]:
    if profile.n_target_values == 0:
        message = f"{target} has no value in any row. Name another column, or repair the file."
    elif profile.n_target_values == 1:
        message = (
            f"{target} has the same value in every row. There is nothing to learn; name another."
        )
    elif config.kind == "regression" and not profile.is_number:
        message = f'{target} holds text, got kind = "regression". Set kind = "classification".'
    else:
        return []
    return [Problem(where="[Dataset]", key="target", message=message)]
