"""What is shown of an error: its type, its first line, and the error at the root of it."""

from __future__ import annotations

import traceback

import pytest

from runforest.foundation.errors import cause_raised, error_line, kind_and_text

CHAINED = """\
try:
    raise KeyError("age")
except KeyError as error:
    raise ValueError("a column is missing") from error
"""
THRICE = """\
try:
    try:
        raise KeyError("age")
    except KeyError as error:
        raise ValueError("a column is missing") from error
except ValueError:
    raise RuntimeError("no table")
"""
SUPPRESSED = CHAINED.replace("from error", "from None")
REPEATED = CHAINED.replace("KeyError", "ValueError").replace("a column is missing", "age")
FULL_DISK = """\
try:
    raise OSError(28, "No space left on device")
except OSError as error:
    raise RuntimeError("use another format") from error
"""


def run(code: str) -> None:
    exec(code, {})  # noqa: S102 - a task's code, with chains of errors as people write them


def error_of(code: str) -> BaseException:
    try:
        run(code)
    except Exception as error:  # noqa: BLE001 - of any kind
        return error
    raise AssertionError(code)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("raise ValueError('no column')", "ValueError: no column"),
        ("raise MemoryError", "MemoryError"),
        (CHAINED, "ValueError: a column is missing (from KeyError: 'age')"),
        (THRICE, "RuntimeError: no table (from KeyError: 'age')"),
        (SUPPRESSED, "ValueError: a column is missing"),
        (REPEATED, "ValueError: age"),
    ],
)
def test_an_error_is_shown_with_the_one_at_its_root(code: str, line: str) -> None:
    error = error_of(code)

    assert error_line("".join(traceback.format_exception(error))) == line
    assert kind_and_text(error) == line


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("raise ValueError('no column\\n  it has: a, b\\nRename it.')", "ValueError: no column"),
        ("def f(:", "SyntaxError: invalid syntax"),
    ],
)
def test_of_an_error_of_several_lines_the_first_is_shown(code: str, line: str) -> None:
    assert error_line("".join(traceback.format_exception(error_of(code)))) == line


def test_the_error_of_another_process_is_its_own_root() -> None:
    inner = "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'age'\n"
    remote = (
        f'joblib.externals.loky.process_executor._RemoteTraceback: \n"""\n{inner}"""\n\n'
        "The above exception was the direct cause of the following exception:\n\n" + inner
    )

    assert error_line(remote) == "KeyError: 'age'"


def test_a_text_without_a_traceback_is_shown_by_its_first_line() -> None:
    assert error_line("The worker died.\nRun again.\n") == "The worker died."


def test_an_error_of_the_system_is_raised_instead_of_what_a_library_made_of_it() -> None:
    with pytest.raises(OSError, match="No space left"), cause_raised(OSError):
        run(FULL_DISK)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="a column is missing"), cause_raised(OSError):
        run(CHAINED)
