"""The errors a person can see, and the wording they share.

RunforestError          one message, one exit code
├── ConfigError         the configuration or an input is wrong          exit code 2
├── StoreError          the tracking store cannot be used               exit code 2
├── ArtifactError       a result is missing, damaged or not writable    exit code 2
└── TaskError           a task of the run failed                        exit code 1
"""

from __future__ import annotations

import difflib
import re
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake of the user: where it stands, what is wrong and what to do."""

    where: str
    key: str = ""
    message: str

    @property
    def table(self) -> str:
        """The table of `where`, such as `[Trainer]`."""
        return self.where.rpartition(" ")[2]


class RunforestError(Exception):
    """Base of every error that ends the program with a message instead of a traceback."""

    exit_code = 2


class ConfigError(RunforestError):
    """The configuration or an input is wrong; carries all the problems found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(format_problems(self.problems))


class StoreError(RunforestError):
    """The tracking store cannot be reached, read or written."""


class ArtifactError(RunforestError):
    """A task's result is missing, damaged or cannot be written."""


class TaskError(RunforestError):
    """A task of the run failed."""

    exit_code = 1


class StudyError(RuntimeError):
    """A study of a task cannot give a result; the message says why and what to do."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those behind it."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def kind_and_text(error: BaseException) -> str:
    """Return type and text of an error, and of the one at the root of it, if Python shows one.

    >>> kind_and_text(ZeroDivisionError("division by zero")), kind_and_text(MemoryError())
    ('ZeroDivisionError: division by zero', 'MemoryError')
    """
    lines = _error_lines("".join(traceback.format_exception(error)))
    return ": ".join(filter(None, [type(error).__name__, str(error)])) + _root(lines)


def error_line(text: str) -> str:
    r"""Return the first line of the error that a traceback ends with, and of the one at its root.

    >>> error_line("Traceback (most recent call last):\n  File ...\nValueError: no.\n  Not so.")
    'ValueError: no.'
    """
    lines = _error_lines(text)
    return lines[-1] + _root(lines)


def _error_lines(text: str) -> list[str]:
    """Return the first line of each error in a traceback: what follows the indented frames."""
    _, *blocks = text.split("Traceback (most recent call last):\n")
    lines = [re.search(r"^\S.*", block, re.MULTILINE) for block in blocks]
    return [line.group() for line in lines if line] or text.strip().splitlines()[:1]


def _root(lines: list[str]) -> str:
    return f" (from {lines[0]})" if lines[0] != lines[-1] else ""


@contextmanager
def cause_raised(kind: type[BaseException]) -> Iterator[None]:
    """Raise an error of this kind where a library made another one of it in the block."""
    try:
        yield
    except Exception as error:  # whichever library's: only those with such a cause are changed
        cause = next((cause for cause in causes(error) if isinstance(cause, kind)), error)
        if cause is error:
            raise
        raise cause from None


def format_problems(problems: Iterable[Problem]) -> str:
    """Return the problems grouped by the place where they stand.

    >>> print(format_problems([Problem(where="luigi.toml [Trainer]", key="seed", message="bad.")]))
    luigi.toml [Trainer]
      seed: bad.
    """
    groups: dict[str, list[str]] = {}
    for problem in dict.fromkeys(problems):
        text = f"{problem.key}: {problem.message}" if problem.key else problem.message
        groups.setdefault(problem.where, []).append(f"  {text}")
    return "\n".join("\n".join([where, *lines]) for where, lines in groups.items())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known name, or lists all that are known.

    >>> did_you_mean("estimater", ["estimator", "seed"])
    'Did you mean `estimator`?'
    >>> did_you_mean("xyz", ["estimator", "seed"])
    'Known: estimator, seed.'
    """
    candidates = sorted(set(known))
    listed = f"Known: {', '.join(candidates)}." if candidates else "None is known here."
    return near_miss(name, candidates, n=1) or listed


def near_miss(name: str, known: Iterable[str], *, n: int = 3, cutoff: float = 0.6) -> str:
    """Return a hint that names the nearest known names, or nothing when none is near.

    >>> near_miss("Rigde", ["Ridge", "RidgeCV"])
    'Did you mean `Ridge` or `RidgeCV`?'
    """
    folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), folded, n, cutoff)
    return f"Did you mean {' or '.join(f'`{folded[one]}`' for one in near)}?" if near else ""
