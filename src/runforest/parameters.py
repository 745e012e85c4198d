"""What the configuration needs of a Luigi parameter: its type, its bounds, its other sources."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import luigi
from luigi.freezing import recursively_freeze
from luigi.parameter import OptionalParameterMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runforest.model.estimators import Kind  # noqa: F401 - named in quotes below

ParameterT = TypeVar("ParameterT", bound="luigi.Parameter[Any]")

_SHARED_FROM = "runforest_shared_from"


class InputFileParameter(luigi.Parameter[str]):
    """Path of a raw input file; what counts for the result is its content, not where it lies."""


class ImportPathParameter(luigi.Parameter[str]):
    """Import path of a class, such as an estimator; its code and its package count too."""


class TableParameter(luigi.DictParameter[dict[str, Any]]):
    """A TOML table: names and values that the task hands on, such as an estimator's parameters.

    Its keys come sorted, so that their order in the file does not matter for the result.
    """

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

    So `target` stands once, in `[Dataset]`, and every task that names it gets it.
    """
    parameter.description = parameter.description or f"As `{key}` of [{section}]."
    setattr(parameter, _SHARED_FROM, (section, key))
    return parameter


class CountParameter(luigi.NumericalParameter[int]):
    """A whole number, from `low` to below `high`."""

    def __init__(
        self,
        *,
        default: int,
        low: int = 1,
        high: int = 1000,
        description: str,
        significant: bool = True,
    ) -> None:
        super().__init__(
            default=default,
            var_type=int,
            min_value=low,
            max_value=high,
            description=description,
            significant=significant,
        )


class TablesParameter(TaskNameParameter):
    """Task whose tables the model sees."""

    def __init__(self) -> None:
        super().__init__(
            default="Preprocessor",
            outputs=("train", "test"),
            description="Task whose tables the model sees, with the outputs train and test.",
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


def shared_source(parameter: luigi.Parameter[Any]) -> tuple[str, str] | None:
    """Return the table and key that `from_table` gave the parameter."""
    return cast("tuple[str, str] | None", getattr(parameter, _SHARED_FROM, None))


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value


class _Expected(NamedTuple):
    """What a TOML value of a parameter may be: its types, and in words."""

    values: tuple[type, ...]
    words: str
    has_own_error: bool = False  # what the parameter itself says of a wrong value is more exact


_ANY = _Expected((object,), "a value", has_own_error=True)
_TEXT = _Expected((str,), "a string", has_own_error=True)
_LISTS_OF_CHOICES = (luigi.ChoiceListParameter, luigi.EnumListParameter)
_DATES = (
    luigi.DateParameter,
    luigi.DateHourParameter,
    luigi.DateMinuteParameter,
    luigi.DateSecondParameter,
)
_DATE = dt.datetime(2013, 7, 10, 19, 7, 38)  # noqa: DTZ001 - an example, as Luigi writes it
_EXPECTED: tuple[tuple[type | tuple[type, ...], _Expected], ...] = (
    (luigi.BoolParameter, _Expected((bool,), "true or false")),
    (luigi.IntParameter, _Expected((int,), "an integer")),
    ((luigi.FloatParameter, luigi.NumericalParameter), _Expected((int, float), "a number")),
    (_LISTS_OF_CHOICES, _Expected((str, list, tuple), "an array of {choices}")),
    (luigi.EnumParameter, _Expected((str,), "one of {choices}")),
    (luigi.ChoiceParameter, _Expected((str, int, float), "one of {choices}")),
    (NamesParameter, _Expected((str, list, tuple), "a string or an array of strings")),
    (luigi.TupleParameter, _Expected((str, list, tuple), "an array", has_own_error=True)),
    (luigi.ListParameter, _Expected((list, tuple), "an array", has_own_error=True)),
    (luigi.DictParameter, _Expected((dict,), "a table", has_own_error=True)),
    (_DATES, _Expected((str, int, dt.date), "a date such as {date}")),
    (
        luigi.DateIntervalParameter,
        _Expected((str, int, dt.date), "a date interval such as 2013-W35"),
    ),
    (
        luigi.TimeDeltaParameter,
        _Expected((str, int, float), 'a number of seconds, or such as "1 h 30 m"'),
    ),
    (luigi.TaskParameter, _Expected((str,), "the name of a task")),
    ((luigi.StrParameter, luigi.PathParameter), _TEXT),
    (
        (
            InputFileParameter,
            ImportPathParameter,
            IdParameter,
            KindParameter,
            TargetParameter,
            TaskNameParameter,
            luigi.OptionalParameter,
        ),
        _TEXT,
    ),
)

# Luigi says what it permits in no public attribute, but at the end of the description.
_PERMITTED = re.compile(r" ?(permitted values: (?P<number>\w+) in (?P<bounds>.*)|Choices: {.*})$")
_NUMBERS = {"int": "an integer", "float": "a number"}


def meaning(parameter: luigi.Parameter[Any]) -> str:
    """Return the description that the task's author gave."""
    return _PERMITTED.sub("", str(parameter.description or ""))


def expected_type(parameter: luigi.Parameter[Any]) -> str:
    """Return what a value of the parameter has to be, in words.

    >>> expected_type(luigi.IntParameter()), expected_type(luigi.MonthParameter())
    ('an integer', 'a date such as 2013-07')
    """
    permitted = _PERMITTED.search(str(parameter.description))
    if permitted and isinstance(parameter, luigi.NumericalParameter):
        return f"{_NUMBERS[permitted['number']]} in {permitted['bounds']}"
    return _expected(parameter).words.format(
        choices=", ".join(_choices(parameter)),
        date=_DATE.strftime(getattr(parameter, "date_format", "")),
    )


def value_problem(parameter: luigi.Parameter[Any], value: object) -> str | None:
    """Return what is wrong with a TOML value for a parameter, or None.

    Luigi itself is lenient: it reads 1.5 as the integer 1 and any text as a string.

    >>> value_problem(luigi.IntParameter(), "zero")
    'expected an integer, got "zero".'
    >>> value_problem(luigi.IntParameter(), 3) is None
    True
    """
    expected = _expected(parameter)
    wrong = f"expected {expected_type(parameter)}, got {show_value(value)}."
    if value == "" and isinstance(parameter, OptionalParameterMixin):
        return None
    is_misused_bool = isinstance(value, bool) and not {bool, object} & {*expected.values}
    if is_misused_bool or not isinstance(value, expected.values):
        return wrong
    if isinstance(parameter, StringsParameter | NamesParameter) and isinstance(value, list | tuple):
        others = [item for item in value if not isinstance(item, str)]
        if others:
            return f"expected an array of strings, got {show_value(others[0])} in it."
    try:
        parsed = parameter.normalize(parameter.parse(parameter_text(parameter, value)))
    except Exception as error:  # noqa: BLE001  border: Luigi's classes and the user's raise any
        own = str(error).rstrip(".")
        return f"{own}, got {show_value(value)}." if expected.has_own_error else wrong
    is_other_date = isinstance(parameter, _DATES) and isinstance(value, dt.date)
    return wrong if is_other_date and _moment(value) != _moment(parsed) else None


def parameter_text(parameter: luigi.Parameter[Any], value: object) -> str:
    """Return the text of a TOML value that the parameter parses.

    >>> parameter_text(luigi.DateHourParameter(), dt.datetime(2013, 7, 10, 19))
    '2013-07-10T19'
    """
    match value:
        case dt.date() if isinstance(parameter, _DATES):
            return value.strftime(parameter.date_format)
        case list() | tuple() if isinstance(parameter, _LISTS_OF_CHOICES):
            return ",".join(map(str, value))
        case list() | tuple() if isinstance(parameter, luigi.TupleParameter):
            return repr(recursively_freeze(value))
        case bool() | list() | tuple() | Mapping():
            return json.dumps(value, default=_refuse_date)
    return str(value)


def show_value(value: object) -> str:
    """Return a value as a person would write it in TOML."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)


def _expected(parameter: luigi.Parameter[Any]) -> _Expected:
    if type(parameter) is luigi.Parameter:  # any other class is one of those above, or unknown
        return _TEXT
    return next((one for kinds, one in _EXPECTED if isinstance(parameter, kinds)), _ANY)


def _choices(parameter: luigi.Parameter[Any]) -> list[str]:
    """Return what may be chosen; Luigi 3.8 has it in private attributes alone."""
    members = [member.name for member in getattr(parameter, "_enum", ())]
    return sorted(members or map(str, getattr(parameter, "_choices", ())))


def _moment(value: Any) -> dt.datetime:  # noqa: ANN401 - a date, or what a parameter made of one
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time.min)


def _refuse_date(value: object) -> object:
    message = f"{value} is a date inside an array or a table. Write it as a text, in quotes"
    raise ValueError(message)
