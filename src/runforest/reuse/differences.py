"""What differs between the ingredients of two results, in words."""

from __future__ import annotations

from dataclasses import dataclass

Ingredients = dict[str, dict[str, str]]

GROUPS = ("params", "code", "inputs", "upstream", "packages", "task")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One ingredient that differs; None stands for an ingredient that is not there."""

    group: str
    name: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Return the difference as a person says it."""
        old, new, name = self.old, self.new, self.name
        change = "is new" if old is None else "is gone" if new is None else "changed"
        match self.group:
            case "params":
                return f"`{name}` {old} -> {new}"
            case "code":
                return f"code of {name.removesuffix(':<module>').replace(':', '.')} {change}"
            case "upstream":
                return f"result of {name.partition('.')[2]} {change}"
            case "packages":
                return f"{name} {old or 'absent'} -> {new or 'absent'}"
            case "task":
                return f"task {old} -> {new}"
        return f"{name} {change}"


def differences(old: Ingredients, new: Ingredients) -> list[Difference]:
    """Return the ingredients that differ, group by group, each group sorted by name."""
    found = []
    for group in GROUPS:
        before, after = old.get(group, {}), new.get(group, {})
        found += [
            Difference(group=group, name=name, old=before.get(name), new=after.get(name))
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
    return found
