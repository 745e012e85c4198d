"""What differs between the ingredients of two results, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Ingredients = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One ingredient that differs; None stands for an ingredient that is not there."""

    group: str
    name: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Return the difference as a person says it."""
        return _WORDS[self.group](self)


def differences(old: Ingredients, new: Ingredients) -> list[Difference]:
    """Return the ingredients that differ, group by group, each group sorted by name."""
    found = []
    for group in _WORDS:
        before, after = old.get(group, {}), new.get(group, {})
        found += [
            Difference(group=group, name=name, old=before.get(name), new=after.get(name))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    return found


def _of_code(difference: Difference) -> str:
    module, _, definition = difference.name.partition(":")
    what = f"code of {module}" if definition == "<module>" else f"code of {module}.{definition}"
    return f"{what} {_change(difference)}"


def _of_param(difference: Difference) -> str:
    return f"`{difference.name}` {difference.old} -> {difference.new}"


def _of_package(difference: Difference) -> str:
    return f"{difference.name} {difference.old or 'absent'} -> {difference.new or 'absent'}"


def _of_input(difference: Difference) -> str:
    return f"{difference.name} {_change(difference)}"


def _of_upstream(difference: Difference) -> str:
    return f"result of {difference.name.partition('.')[2]} {_change(difference)}"


def _change(difference: Difference) -> str:
    if difference.old is None:
        return "is new"
    return "is gone" if difference.new is None else "changed"


_WORDS: Mapping[str, Callable[[Difference], str]] = {
    "params": _of_param,
    "code": _of_code,
    "inputs": _of_input,
    "upstream": _of_upstream,
    "packages": _of_package,
    "task": lambda difference: f"task {difference.old} -> {difference.new}",
}
