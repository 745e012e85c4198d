"""What a TOML value of a Luigi parameter may be, in types and in words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

import luigi
from luigi.parameter import OptionalParameterMixin

from runforest.foundation.parameters import (
    DATES,
    LISTS_OF_CHOICES,
    IdParameter,
    ImportPathParameter,
    InputFileParameter,
    KindParameter,
    NamesParameter,
    StringsParameter,
    TargetParameter,
    TaskNameParameter,
    parameter_text,
    show_value,
)


class _Expected(NamedTuple):
    values: tuple[type, ...]
    words: str
    has_own_error: bool = False  # the parameter's own message is more exact


_ANY = _Expected((object,), "a value", has_own_error=True)
_TEXT = _Expected((str,), "a string", has_own_error=True)
_DATE = dt.datetime(2013, 7, 10, 19, 7, 38)  # noqa: DTZ001 - an example, as Luigi writes it
_EXPECTED: tuple[tuple[type | tuple[type, ...], _Expected], ...] = (
    (luigi.BoolParameter, _Expected((bool,), "true or false")),
    (luigi.IntParameter, _Expected((int,), "an integer")),
    ((luigi.FloatParameter, luigi.NumericalParameter), _Expected((int, float), "a number")),
    (LISTS_OF_CHOICES, _Expected((str, list, tuple), "an array of {choices}")),
    (luigi.EnumParameter, _Expected((str,), "one of {choices}")),
    (luigi.ChoiceParameter, _Expected((str, int, float), "one of {choices}")),
    (NamesParameter, _Expected((str, list, tuple), "a string or an array of strings")),
    (luigi.TupleParameter, _Expected((str, list, tuple), "an array", has_own_error=True)),
    (luigi.ListParameter, _Expected((list, tuple), "an array", has_own_error=True)),
    (luigi.DictParameter, _Expected((dict,), "a table", has_own_error=True)),
    (DATES, _Expected((str, int, dt.date), "a date such as {date}")),
    (
        luigi.DateIntervalParameter,
        _Expected((str, int, dt.date), "a date interval such as 2013-W35"),
    ),
    (
        luigi.TimeDeltaParameter,
        _Expected((str, int, float), 'a number of seconds, or such as "1 h 30 m"'),
    ),
    (luigi.TaskParameter, _Expected((str,), "the name of a task")),
    (
        (
            luigi.StrParameter,
            luigi.PathParameter,
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

# Luigi has what it permits in no public attribute, but at the end of the description.
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
    is_other_date = isinstance(parameter, DATES) and isinstance(value, dt.date)
    return wrong if is_other_date and _moment(value) != _moment(parsed) else None


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
