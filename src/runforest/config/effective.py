"""The effective configuration: every value a task gets, with all sources merged; as TOML too."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import tomli_w
from luigi.task_register import Register

from runforest.config.check import task_names
from runforest.config.resolve import Dataset
from runforest.foundation.parameters import InputFileParameter, shared_source

if TYPE_CHECKING:
    from runforest.config.check import CheckedTables

Tables = dict[str, dict[str, object]]


def effective_tables(checked: CheckedTables, dataset: Dataset | None, project: Path) -> Tables:
    """Return the tables as Luigi gets them: shared values filled in, input paths absolute."""
    tables: Tables = {
        "RunConfig": checked.run.model_dump(),
        "PathConfig": {**checked.paths.model_dump()},
        "Dataset": checked.dataset.model_dump(),
        "Features": checked.features.model_dump(exclude_defaults=True),
        **{name: dict(table) for name, table in checked.tasks.items()},
    }
    sources: dict[str, Mapping[str, object]] = {**tables, "Dataset": _UNKNOWN}
    if dataset:
        tables["Dataset"] |= {"target": dataset.target, "id": dataset.id, "kind": dataset.kind}
        tables["Dataset"] |= {"train": dataset.train, "test": dataset.test}
        sources["Dataset"] = dataclasses.asdict(dataset)
    for name in task_names():
        _fill(name, tables.setdefault(name, {}), sources, project)
    return tables


# Without a data set that can be used no task that reads it runs, but the graph can be walked.
_UNKNOWN: dict[str, object] = {
    one.name: ""
    for one in dataclasses.fields(Dataset)
    if one.default_factory is dataclasses.MISSING
}


def _fill(
    name: str, table: dict[str, object], sources: Mapping[str, Mapping[str, object]], project: Path
) -> None:
    for key, parameter in Register.get_task_cls(name).get_params():
        if source := shared_source(parameter):
            section, shared_key = source
            found = sources.get(section, {})
            shared = found.get(shared_key) if shared_key else found
            if shared is not None:
                table.setdefault(key, shared)
        if isinstance(parameter, InputFileParameter) and table.get(key):
            table[key] = str(project / Path(str(table[key])).expanduser())


def toml_text(tables: Mapping[str, object]) -> str:
    r"""Return tables as TOML, without keys that have no value.

    >>> print(toml_text({"Dataset": {"kind": None, "delimiter": "\x01"}}), end="")
    [Dataset]
    delimiter = "\u0001"
    """
    return tomli_w.dumps(cast("Tables", _plain(tables)), multiline_strings=False)


def _plain(value: object) -> object:
    """Return a value in types that TOML has."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
