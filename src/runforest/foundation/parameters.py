"""Parameters of tasks: kinds beside Luigi's, values of other tables, the text of a value."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import luigi
from luigi.freezing import recursively_freeze

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.foundation.estimator_names import Kind  # noqa: F401 - named in quotes below

ParameterT = TypeVar("ParameterT", bound="luigi.Parameter[Any]")

_SHARED_FROM = "runforest_shared_from"


class InputFileParameter(luigi.Parameter[str]):
    """Path of a raw input file; what counts for the result is its content, not where it lies."""


class ImportPathParameter(luigi.Parameter[str]):
    """Import path of a class, such as an estimator; its code and its package count too."""


class TableParameter(luigi.DictParameter[dict[str, Any]]):
    """A TOML table that the task hands on; the order of its keys does not matter for the result."""

    def normalize(self, x: object) -> object:
        """Return the table with sorted keys, hashable."""
        return super().normalize(_sorted(x))  # type: ignore[no-untyped-call]


class StringsParameter(luigi.ListParameter[tuple[str, ...]]):
    """A TOML array of strings."""


class NamesParameter(luigi.ListParameter[tuple[str, ...]]):
    """A string or a TOML array of strings; an empty string is none."""

    def normalize(self, x: object) -> object:
        """Return the names as a tuple."""
        if isinstance(x, str):
            return (x,) if x else ()
        return super().normalize(x)  # type: ignore[no-untyped-call]

    def parse(self, x: object) -> object:
        """Return the names of a text: JSON, or one name."""
        if isinstance(x, str) and not x.startswith("["):
            return self.normalize(x)
        return super().parse(x)  # type: ignore[no-untyped-call]


class ScoresParameter(NamesParameter):
    """Names or import paths of scores; the code behind a path counts too."""


class TaskNameParameter(luigi.Parameter[str]):
    """Name of a task of the project: `self.need(self.tables)` gives it.

    Before a run is opened the task is seen to have the named outputs and parameters.
    """

    def __init__(
        self, *, default: str, outputs: Sequence[str], takes: Sequence[str] = (), description: str
    ) -> None:
        super().__init__(default=default, description=description)
        self.outputs, self.takes = outputs, takes


def from_table(section: str, key: str, parameter: ParameterT) -> ParameterT:
    """Let a parameter that its task's own table leaves out take the value of another table.

    So `target` stands once, in `[Dataset]`, and every task that names it gets it. Without a key
    the value is the whole table.
    """
    parameter.description = parameter.description or f"As `{key}` of [{section}]."
    setattr(parameter, _SHARED_FROM, (section, key))
    return parameter


class CountParameter(luigi.NumericalParameter[int]):
    """A whole number, from `low` to below `high`."""

    def __init__(self, *, low: int = 1, high: int = 1000, **options: Any) -> None:  # noqa: ANN401
        super().__init__(var_type=int, min_value=low, max_value=high, **options)


class TablesParameter(TaskNameParameter):
    """Task whose tables the model sees."""

    def __init__(self) -> None:
        super().__init__(
            default="Preprocessor",
            outputs=("train",),
            description="Task whose tables the model sees, with the output train, and test where "
            "there is a test file.",
        )


class TargetParameter(luigi.Parameter[str]):
    """Column to predict, as [Dataset] says."""

    def __init__(self) -> None:
        super().__init__(description="Column to predict.")
        from_table("Dataset", "target", self)


class IdParameter(luigi.Parameter[str]):
    """Column that names a row, as [Dataset] says; empty for none."""

    def __init__(self) -> None:
        super().__init__(default="", description="Column that names a row.")
        from_table("Dataset", "id", self)


class KindParameter(luigi.Parameter["Kind"]):
    """What the target is, as [Dataset] says or its values show."""

    def __init__(self) -> None:
        super().__init__(description="classification or regression.")
        from_table("Dataset", "kind", self)


class ReadingParameter(TableParameter):
    """What [Dataset] says of how files are read."""

    def __init__(self) -> None:
        super().__init__(default={}, description="How the files are read.")
        from_table("Dataset", "reading", self)


class ColumnsParameter(TableParameter):
    """Roles that [Dataset.columns] gives to columns."""

    def __init__(self) -> None:
        super().__init__(default={}, description="Roles by the names of columns.")
        from_table("Dataset", "columns", self)


class FeaturesParameter(TableParameter):
    """How columns become features: the whole table [Features]."""

    def __init__(self) -> None:
        super().__init__(default={}, description="How columns become features.")
        from_table("Features", "", self)


class SplitsParameter(TableParameter):
    """How the rows are split, as `group`, `time`, `holdout` and `cv` of [Dataset] say."""

    def __init__(self) -> None:
        super().__init__(
            default={}, description="How rows are split, as [Dataset] says; see there."
        )
        from_table("Dataset", "splits", self)


NAMING = (ImportPathParameter, ScoresParameter, TableParameter)
"""Parameters whose values may have import paths, the code behind which counts."""


def shared_source(parameter: luigi.Parameter[Any]) -> tuple[str, str] | None:
    """Return the table and key that `from_table` gave the parameter."""
    return cast("tuple[str, str] | None", getattr(parameter, _SHARED_FROM, None))


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value


LISTS_OF_CHOICES = (luigi.ChoiceListParameter, luigi.EnumListParameter)
DATES = (
    luigi.DateParameter,
    luigi.DateHourParameter,
    luigi.DateMinuteParameter,
    luigi.DateSecondParameter,
)


def parameter_text(parameter: luigi.Parameter[Any], value: object) -> str:
    """Return the text of a TOML value that the parameter parses.

    >>> parameter_text(luigi.DateHourParameter(), dt.datetime(2013, 7, 10, 19))
    '2013-07-10T19'
    """
    match value:
        case dt.date() if isinstance(parameter, DATES):
            return value.strftime(parameter.date_format)
        case list() | tuple() if isinstance(parameter, LISTS_OF_CHOICES):
            return ",".join(map(str, value))
        case list() | tuple() if isinstance(parameter, luigi.TupleParameter):
            return repr(recursively_freeze(value))
        case bool() | list() | tuple() | Mapping():
            return json.dumps(value, default=_refuse_date)
    return str(value)


def show_value(value: object) -> str:
    """Return a value as a person would write it in TOML."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _refuse_date(value: object) -> object:
    message = f"{value} is a date inside an array or a table. Write it as a text, in quotes"
    raise ValueError(message)
