"""Comparing two runs: which ingredients of which task differ, and what that did."""

from __future__ import annotations

import difflib
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from runforest.foundation.layout import SOURCES_RECORD
from runforest.reuse import Difference, differences
from runforest.tracking.lifecycle.open_close import DIGEST_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runforest.results.manifest import Manifest
    from runforest.tracking.recorded_run import RecordedRun

SHOWN_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class TaskComparison:
    """How a task of one run differs from the same task of another.

    `state` is `same`, `changed`, `added`, `removed`, or `pinned` if [PathConfig] pins the task in
    one of the runs. `is_same_content`: the results are equal, whatever the ingredients are.
    """

    task: str
    state: str
    is_same_content: bool = False
    differences: tuple[Difference, ...] = ()
    old_pin: str | None = None
    new_pin: str | None = None

    @property
    def is_different(self) -> bool:
        """Whether the tasks of the two runs are not the same."""
        return self.old_pin != self.new_pin if self.state == "pinned" else self.state != "same"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How run `new` differs from run `old`.

    `sizes` has rows and columns of the raw tables, by the beginning of their digest.
    """

    old: RecordedRun
    new: RecordedRun
    tasks: tuple[TaskComparison, ...]
    metrics: dict[str, tuple[float | None, float | None]]
    code_diffs: dict[str, str]
    sizes: dict[str, str]

    def in_words(self, difference: Difference) -> str:
        """Return a difference as a person says it; of raw files with digests, rows and columns."""
        if difference.group != "inputs":
            return str(difference)
        sides = [
            digest[:SHOWN_DIGITS] + self.sizes.get(digest[:DIGEST_LENGTH], "")
            for digest in (difference.old, difference.new)
            if digest
        ]
        return f"{difference}: {' -> '.join(sides)}"

    def to_json(self) -> dict[str, object]:
        """Return the comparison as JSON types."""
        return {
            "old": {"run_id": self.old.run_id, "name": self.old.name},
            "new": {"run_id": self.new.run_id, "name": self.new.name},
            "tasks": [
                {
                    **asdict(task),
                    "differences": [
                        {**asdict(one), "text": self.in_words(one)} for one in task.differences
                    ],
                }
                for task in self.tasks
            ],
            "metrics": {
                name: {"old": old, "new": new} for name, (old, new) in self.metrics.items()
            },
            "code_diffs": self.code_diffs,
        }


def compare_runs(old: RecordedRun, new: RecordedRun, sizes: dict[str, str]) -> Comparison:
    """Return how one run differs from another."""
    tasks = compare_tasks(old, new)
    changed_modules = {
        one.name.partition(":")[0]
        for task in tasks
        for one in task.differences
        if one.group == "code"
    }
    return Comparison(
        old=old,
        new=new,
        tasks=tasks,
        metrics={
            name: (old.metrics.get(name), new.metrics.get(name))
            for name in sorted(old.metrics.keys() | new.metrics.keys())
            if old.metrics.get(name) != new.metrics.get(name)
        },
        code_diffs=_code_diffs(old, new, changed_modules),
        sizes=sizes,
    )


def compare_tasks(old: RecordedRun, new: RecordedRun) -> tuple[TaskComparison, ...]:
    """Return how each task of one run differs from that of another."""
    before, after = old.manifests, new.manifests
    old_pins, new_pins = old.pins, new.pins
    return tuple(
        TaskComparison(
            task=name, state="pinned", old_pin=old_pins.get(name), new_pin=new_pins.get(name)
        )
        if name in old_pins | new_pins
        else _compare_task(name, before.get(name), after.get(name))
        for name in sorted({*before, *after, *old_pins, *new_pins})
    )


def _compare_task(name: str, old: Manifest | None, new: Manifest | None) -> TaskComparison:
    if old is None or new is None:
        return TaskComparison(task=name, state="added" if old is None else "removed")
    found = tuple(differences(old.ingredients, new.ingredients))
    return TaskComparison(
        task=name,
        state="changed" if found else "same",
        is_same_content=old.content_digest == new.content_digest,
        differences=found,
    )


def _code_diffs(old: RecordedRun, new: RecordedRun, modules: set[str]) -> dict[str, str]:
    """Return module -> unified diff of its recorded sources."""
    before, after = _sources(old), _sources(new)
    diffs = {}
    for module in sorted(modules):
        name = _file_of(module, after | before)
        if name:
            lines = difflib.unified_diff(
                before.get(name, "").splitlines(keepends=True),
                after.get(name, "").splitlines(keepends=True),
                f"{old.name}/{name}",
                f"{new.name}/{name}",
            )
            diffs[module] = "".join(lines)
    return diffs


def _sources(run: RecordedRun) -> dict[str, str]:
    path = run.artifacts / SOURCES_RECORD
    if not path.exists():
        return {}
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode(errors="replace") for name in archive.namelist()}


def _file_of(module: str, files: Iterable[str]) -> str | None:
    """Return the file of a module: below `src`, or below whatever folder is searched for it."""
    path = module.replace(".", "/")
    ends = (f"/{path}.py", f"/{path}/__init__.py")
    found = sorted((file for file in files if f"/{file}".endswith(ends)), key=len)
    below_src = [file for file in found if f"/{file}" in {f"/src{end}" for end in ends}]
    return next(iter(below_src or found), None)
