"""Every parameter class of Luigi takes its value from luigi.toml and from --set."""

from __future__ import annotations

import datetime as dt
import enum
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import luigi
import pytest
from luigi import date_interval
from luigi.configuration import get_config
from luigi.freezing import FrozenOrderedDict
from luigi.task_register import Register

from runforest.config.effective import toml_text
from runforest.config.parameter_values import expected_type, value_problem
from runforest.config.read import read_layers
from runforest.foundation.parameters import (
    ImportPathParameter,
    InputFileParameter,
    KindParameter,
    NamesParameter,
    StringsParameter,
    TableParameter,
)
from runforest.run.active import Run, RunSettings
from runforest.run.luigi_config import load_luigi_config
from runforest.run_task import RunTask

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count()


class Colour(enum.Enum):
    """Something to choose."""

    RED = 1
    BLUE = 2


def numerical(kind: type, **options: Any) -> luigi.Parameter[Any]:
    return luigi.NumericalParameter(var_type=kind, min_value=0, max_value=10, **options)


def optional_numerical() -> luigi.Parameter[Any]:
    return luigi.OptionalNumericalParameter(var_type=float, min_value=0.0, max_value=10.0)


def choice(kind: type, *choices: object) -> luigi.Parameter[Any]:
    return luigi.ChoiceParameter(var_type=kind, choices=choices)


def choices() -> luigi.Parameter[Any]:
    return luigi.ChoiceListParameter(choices=["a", "b", "c"])


def optional_choice() -> luigi.Parameter[Any]:
    return luigi.OptionalChoiceParameter(choices=["a", "b"])


FROZEN = FrozenOrderedDict([("b", 1), ("a", (1, 2))])
HOUR = dt.datetime(2024, 2, 3, 19)  # noqa: DTZ001 - Luigi's are without a time zone
MINUTE, SECOND = HOUR.replace(minute=7), HOUR.replace(minute=7, second=38)
DAY = dt.date(2024, 2, 3)

VALUES: list[tuple[luigi.Parameter[Any], str, object]] = [
    (luigi.Parameter(), '"text"', "text"),
    (luigi.Parameter(), '"2024-02-03"', "2024-02-03"),
    (luigi.StrParameter(), '"7"', "7"),
    (luigi.OptionalParameter(), '""', None),
    (luigi.OptionalParameter(), '"text"', "text"),
    (luigi.OptionalStrParameter(), '""', None),
    (luigi.OptionalStrParameter(), '"text"', "text"),
    (luigi.DateParameter(), "2024-02-03", DAY),
    (luigi.DateParameter(), '"2024-02-03"', DAY),
    (luigi.MonthParameter(), '"2024-02"', DAY.replace(day=1)),
    (luigi.MonthParameter(), "2024-02-01", DAY.replace(day=1)),
    (luigi.YearParameter(), "2024", dt.date(2024, 1, 1)),
    (luigi.YearParameter(), '"2024"', dt.date(2024, 1, 1)),
    (luigi.DateHourParameter(), '"2024-02-03T19"', HOUR),
    (luigi.DateHourParameter(), "2024-02-03T19:00:00", HOUR),
    (luigi.DateHourParameter(), "2024-02-03", HOUR.replace(hour=0)),
    (luigi.DateMinuteParameter(), '"2024-02-03T1907"', MINUTE),
    (luigi.DateMinuteParameter(), "2024-02-03 19:07:00", MINUTE),
    (luigi.DateSecondParameter(), '"2024-02-03T190738"', SECOND),
    (luigi.DateSecondParameter(), "2024-02-03T19:07:38", SECOND),
    (luigi.DateIntervalParameter(), "2024", date_interval.Year(2024)),
    (luigi.DateIntervalParameter(), '"2024-02"', date_interval.Month(2024, 2)),
    (luigi.DateIntervalParameter(), '"2024-W05"', date_interval.Week(2024, 5)),
    (luigi.DateIntervalParameter(), "2024-02-03", date_interval.Date(2024, 2, 3)),
    (
        luigi.DateIntervalParameter(),
        '"2024-02-03-2024-02-05"',
        date_interval.Custom(DAY, DAY.replace(day=5)),
    ),
    (luigi.TimeDeltaParameter(), "90", dt.timedelta(seconds=90)),
    (luigi.TimeDeltaParameter(), '"1 h 30 m"', dt.timedelta(minutes=90)),
    (luigi.TimeDeltaParameter(), '"P2DT3H"', dt.timedelta(days=2, hours=3)),
    (luigi.BoolParameter(), "true", True),
    (luigi.BoolParameter(default=True), "false", False),
    (luigi.OptionalBoolParameter(), "false", False),
    (luigi.OptionalBoolParameter(), '""', None),
    (luigi.IntParameter(), "-3", -3),
    (luigi.OptionalIntParameter(), "3", 3),
    (luigi.OptionalIntParameter(default=1), '""', None),
    (luigi.FloatParameter(), "1e-3", 0.001),
    (luigi.FloatParameter(), "2", 2.0),
    (luigi.OptionalFloatParameter(), "2", 2.0),
    (luigi.OptionalFloatParameter(default=1.0), '""', None),
    (numerical(int), "3", 3),
    (numerical(float), "3", 3.0),
    (optional_numerical(), "3", 3.0),
    (optional_numerical(), '""', None),
    (choice(str, "a", "b"), '"a"', "a"),
    (choice(int, 1, 2), "2", 2),
    (optional_choice(), '"b"', "b"),
    (optional_choice(), '""', None),
    (choices(), '["c", "a"]', ("c", "a")),
    (choices(), '"c,a"', ("c", "a")),
    (choices(), "[]", ()),
    (luigi.EnumParameter(enum=Colour), '"BLUE"', Colour.BLUE),
    (luigi.EnumListParameter(enum=Colour), '["BLUE", "RED"]', (Colour.BLUE, Colour.RED)),
    (luigi.EnumListParameter(enum=Colour), '"BLUE,RED"', (Colour.BLUE, Colour.RED)),
    (luigi.EnumListParameter(enum=Colour), "[]", ()),
    (luigi.ListParameter(), '[1, "a", [2.5, true]]', (1, "a", (2.5, True))),
    (luigi.OptionalListParameter(), "[1]", (1,)),
    (luigi.OptionalListParameter(), '""', None),
    (luigi.TupleParameter(), '[[1, "it\'s"], [2.5, true]]', ((1, "it's"), (2.5, True))),
    (luigi.TupleParameter(), "[true, 1]", (True, 1)),
    (luigi.OptionalTupleParameter(), "[[1, 2]]", ((1, 2),)),
    (luigi.OptionalTupleParameter(), '""', None),
    (luigi.DictParameter(), "{ b = 1, a = [1, 2] }", FROZEN),
    (luigi.OptionalDictParameter(), "{ b = 1, a = [1, 2] }", FROZEN),
    (luigi.OptionalDictParameter(), '""', None),
    (luigi.PathParameter(), '"some/file.csv"', Path("some/file.csv")),
    (luigi.OptionalPathParameter(), '"some/file.csv"', Path("some/file.csv")),
    (luigi.OptionalPathParameter(), '""', None),
    (luigi.TaskParameter(), '"RunTask"', RunTask),
    (InputFileParameter(), '"a.csv"', "a.csv"),
    (ImportPathParameter(), '"a.B"', "a.B"),
    (KindParameter(), '"regression"', "regression"),
    (NamesParameter(), '"auc"', ("auc",)),
    (NamesParameter(), '["auc", "f1"]', ("auc", "f1")),
    (NamesParameter(), '""', ()),
    (StringsParameter(), '["a", "b"]', ("a", "b")),
    (TableParameter(), "{ b = 1, a = { d = 2.0, c = [1] } }", {"a": {"c": (1,), "d": 2.0}, "b": 1}),
]
IDS = [f"{type(parameter).__name__}={text}" for parameter, text, _ in VALUES]


@pytest.fixture
def holder(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a new name for a task; what it and its configuration leave behind is removed."""
    monkeypatch.setattr(get_config("toml"), "data", {})
    tasks = list(Register._reg)
    yield f"Holder{next(_numbers)}"
    Register._reg[:] = tasks


def value_of(name: str, parameter: luigi.Parameter[Any], file: Path, *settings: str) -> object:
    """Return the value that a task gets from the recorded configuration."""
    task = type(RunTask)(name, (RunTask,), {"x": parameter})
    tables = read_layers([file], settings, "toml").tables
    assert value_problem(parameter, tables[name]["x"]) is None
    recorded = file.with_name("effective.toml")
    recorded.write_text(toml_text(tables), encoding="utf-8")
    load_luigi_config(str(recorded))
    made = task(active_run=Run(file.parent, RunSettings(project=str(file.parent))))
    assert made.folder_name == name
    return made.x


@pytest.mark.parametrize(("parameter", "text", "value"), VALUES, ids=IDS)
def test_a_parameter_takes_its_value_from_luigi_toml(
    tmp_path: Path, holder: str, parameter: luigi.Parameter[Any], text: str, value: object
) -> None:
    file = tmp_path / "luigi.toml"
    file.write_text(f"[{holder}]\nx = {text}\n")

    found = value_of(holder, parameter, file)

    assert found == value
    assert type(found) is type(value) or isinstance(value, dict)


@pytest.mark.parametrize(("parameter", "text", "value"), VALUES, ids=IDS)
def test_a_parameter_takes_its_value_from_an_option(
    tmp_path: Path, holder: str, parameter: luigi.Parameter[Any], text: str, value: object
) -> None:
    file = tmp_path / "luigi.toml"
    file.write_text("")

    found = value_of(holder, parameter, file, f"{holder}.x={text}")

    assert found == value


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (luigi.MonthParameter(), "2024-02", DAY.replace(day=1)),
        (luigi.DateHourParameter(), "2024-02-03T19", HOUR),
        (luigi.DateMinuteParameter(), "2024-02-03T1907", MINUTE),
        (luigi.DateSecondParameter(), "2024-02-03T190738", SECOND),
        (luigi.DateIntervalParameter(), "2024-W05", date_interval.Week(2024, 5)),
        (luigi.TimeDeltaParameter(), "1 h", dt.timedelta(hours=1)),
        (luigi.EnumListParameter(enum=Colour), "RED,BLUE", (Colour.RED, Colour.BLUE)),
        (luigi.TupleParameter(), "((1, 2), (3, 4))", ((1, 2), (3, 4))),
        (luigi.OptionalIntParameter(default=1), "", None),
    ],
)
def test_an_option_takes_luigis_own_spelling_without_quotes(
    tmp_path: Path, holder: str, parameter: luigi.Parameter[Any], text: str, value: object
) -> None:
    file = tmp_path / "luigi.toml"
    file.write_text("")

    assert value_of(holder, parameter, file, f"{holder}.x={text}") == value


NAIVE = dt.datetime(2024, 2, 3, 19, 7)  # noqa: DTZ001 - as TOML reads it


@pytest.mark.parametrize(
    ("parameter", "value", "because"),
    [
        (luigi.DateParameter(), "3.2.2024", 'expected a date such as 2013-07-10, got "3.2.2024".'),
        (luigi.DateParameter(), 2024, "expected a date such as 2013-07-10, got 2024."),
        (luigi.DateParameter(), NAIVE, "expected a date such as 2013-07-10, got 2024-02-03 19:07"),
        (luigi.MonthParameter(), DAY, "expected a date such as 2013-07, got 2024-02-03."),
        (luigi.DateHourParameter(), NAIVE, "expected a date such as 2013-07-10T19, got 2024-02-03"),
        (
            luigi.DateMinuteParameter(),
            NAIVE.replace(tzinfo=dt.UTC),
            "expected a date such as 2013-07-10T1907, got 2024-02-03 19:07:00+00:00.",
        ),
        (luigi.DateParameter(), dt.time(19, 7), "expected a date such as 2013-07-10, got 19:07:00"),
        (luigi.DateIntervalParameter(), "x", "a date interval such as 2013-W35, got"),
        (luigi.TimeDeltaParameter(), "soon", 'seconds, or such as "1 h 30 m", got "soon".'),
        (luigi.TimeDeltaParameter(), True, 'seconds, or such as "1 h 30 m", got true.'),
        (luigi.IntParameter(), "3", 'expected an integer, got "3".'),
        (luigi.OptionalIntParameter(), 1.5, "expected an integer, got 1.5."),
        (luigi.OptionalIntParameter(), "x", 'expected an integer, got "x".'),
        (luigi.OptionalFloatParameter(), True, "expected a number, got true."),
        (luigi.OptionalParameter(), 3, "expected a string, got 3."),
        (luigi.PathParameter(), 3, "expected a string, got 3."),
        (luigi.PathParameter(exists=True), "gone.csv", "The path gone.csv does not exist, got"),
        (numerical(int), 10, "expected an integer in [0, 10), got 10."),
        (optional_numerical(), 10.5, "expected a number in [0.0, 10.0), got 10.5."),
        (choice(str, "a", "b"), "c", 'expected one of a, b, got "c".'),
        (optional_choice(), "c", 'expected one of a, b, got "c".'),
        (choices(), ["a", "d"], "expected an array of a, b, c, got ['a', 'd']."),
        (choices(), [1], "expected an array of a, b, c, got [1]."),
        (luigi.EnumParameter(enum=Colour), "GREEN", 'expected one of BLUE, RED, got "GREEN".'),
        (luigi.EnumListParameter(enum=Colour), ["GREEN"], "expected an array of BLUE, RED, got"),
        (luigi.ListParameter(), "a", 'expected an array, got "a".'),
        (luigi.ListParameter(), [DAY], "a date inside an array or a table. Write it as a text"),
        (luigi.DictParameter(), {"day": DAY}, "a date inside an array or a table. Write it as"),
        (luigi.DictParameter(), [1], "expected a table, got [1]."),
        (luigi.Parameter(), DAY, "expected a string, got 2024-02-03."),
        (luigi.TaskParameter(), "Nothing", 'expected the name of a task, got "Nothing".'),
    ],
)
def test_a_value_that_a_parameter_does_not_take_is_refused(
    parameter: luigi.Parameter[Any], value: object, because: str
) -> None:
    message = value_problem(parameter, value)

    assert message
    assert because in message


def test_every_parameter_class_of_luigi_is_tried_and_described() -> None:
    classes = {getattr(luigi, name) for name in dir(luigi) if name.endswith("Parameter")}

    assert classes <= {type(parameter) for parameter, _, _ in VALUES}
    assert all(expected_type(parameter) for parameter, _, _ in VALUES)
