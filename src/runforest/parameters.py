"""What the configuration needs of a Luigi parameter: its type, its bounds, its other sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import luigi

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
        """Return the names as a tuple.

        >>> NamesParameter().normalize("roc_auc")
        ('roc_auc',)
        """
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


class KindParameter(luigi.Parameter["Kind"]):
    """What the target is, classification or regression."""


def from_table(section: str, key: str, parameter: ParameterT) -> ParameterT:
    """Let a parameter that its task's own table leaves out take the value of another table.

    So `target` stands once, in `[Dataset]`, and every task that names it gets it.
    """
    setattr(parameter, _SHARED_FROM, (section, key))
    return parameter


def shared_source(parameter: luigi.Parameter[Any]) -> tuple[str, str] | None:
    """Return the table and key that `from_table` gave the parameter."""
    source: tuple[str, str] | None = getattr(parameter, _SHARED_FROM, None)
    return source


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value


_EXPECTED: tuple[tuple[type, tuple[type, ...], str], ...] = (
    (luigi.BoolParameter, (bool,), "true or false"),
    (luigi.IntParameter, (int,), "an integer"),
    (luigi.FloatParameter, (int, float), "a number"),
    (luigi.NumericalParameter, (int, float), "a number"),
    (NamesParameter, (str, list, tuple), "a string or an array of strings"),
    (luigi.ListParameter, (list, tuple), "an array"),
    (luigi.DictParameter, (dict,), "a table"),
)


# Luigi says what it permits in no public attribute, but at the end of the description.
_PERMITTED = re.compile(
    r" ?(permitted values: (?P<number>\w+) in (?P<bounds>.*)|Choices: {(?P<choices>.*)})$"
)
_NUMBERS = {"int": "an integer", "float": "a number"}


def meaning(parameter: luigi.Parameter[Any]) -> str:
    """Return the description that the task's author gave."""
    return _PERMITTED.sub("", str(parameter.description or ""))


def expected_type(parameter: luigi.Parameter[Any]) -> str:
    """Return what a value of the parameter has to be, in words.

    >>> expected_type(luigi.IntParameter())
    'an integer'
    """
    permitted = _PERMITTED.search(str(parameter.description))
    if permitted and isinstance(parameter, luigi.NumericalParameter):
        return f"{_NUMBERS[permitted['number']]} in {permitted['bounds']}"
    if permitted and isinstance(parameter, luigi.ChoiceParameter):
        return f"one of {', '.join(sorted(permitted['choices'].split(', ')))}"
    for kind, _, words in _EXPECTED:
        if isinstance(parameter, kind):
            return words
    return "a string" if _is_text(parameter) else "a string or date"


def value_problem(parameter: luigi.Parameter[Any], value: object) -> str | None:
    """Return what is wrong with a TOML value for a parameter, or None.

    Luigi itself is lenient: it reads 1.5 as the integer 1 and any text as a string.

    >>> value_problem(luigi.IntParameter(), "zero")
    'expected an integer, got "zero".'
    >>> value_problem(luigi.IntParameter(), 3) is None
    True
    """
    words = expected_type(parameter)
    types = next((types for kind, types, _ in _EXPECTED if isinstance(parameter, kind)), None)
    if types:
        is_misused_bool = isinstance(value, bool) and bool not in types
        if is_misused_bool or not isinstance(value, types):
            return f"expected {words}, got {show_value(value)}."
    if _is_text(parameter) and not isinstance(value, str):
        return f"expected {words}, got {show_value(value)}."
    return _parse_problem(parameter, value)


def show_value(value: object) -> str:
    """Return a value as a person would write it in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


_TEXT_TYPES: tuple[type[object], ...] = (
    luigi.Parameter,
    luigi.OptionalParameter,
    InputFileParameter,
    ImportPathParameter,
    KindParameter,
    TaskNameParameter,
)


def _is_text(parameter: luigi.Parameter[Any]) -> bool:
    return type(parameter) in _TEXT_TYPES


def _parse_problem(parameter: luigi.Parameter[Any], value: object) -> str | None:
    if isinstance(parameter, StringsParameter | NamesParameter) and not isinstance(value, str):
        others = [item for item in cast("list[object]", value) if not isinstance(item, str)]
        return (
            f"expected an array of strings, got {show_value(others[0])} in it." if others else None
        )
    if isinstance(parameter, luigi.ListParameter | luigi.DictParameter):
        return None
    words, got = expected_type(parameter), show_value(value)
    if isinstance(value, float) and words.startswith(_NUMBERS["int"]):
        return f"expected {words}, got {got}."
    try:
        parameter.parse(value if isinstance(value, int | float) else str(value))
    except ValueError as error:
        is_told = isinstance(parameter, luigi.NumericalParameter | luigi.ChoiceParameter)
        return f"expected {words}, got {got}." if is_told else f"{error}, got {got}."
    return None
