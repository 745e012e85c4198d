"""The folder of a task's result: its name in the run's artifacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runforest.results.digests import text_digest

if TYPE_CHECKING:
    import luigi

_MAX_LENGTH = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,-]")


def folder_name(task: luigi.Task) -> str:
    """Return the task's family, and what sets the instance apart from the configured one.

    `Trainer` when all significant parameters are as the configuration says, else for instance
    `Trainer-seed=1`. Names that would be long or have unusual characters end in a digest.
    """
    family = str(task.get_task_family())
    differing = [
        f"{name}={parameter.serialize(task.param_kwargs[name])}"
        for name, parameter in task.get_params()
        if name != "active_run" and parameter.significant and not _is_configured(task, name)
    ]
    if not differing:
        return family
    label = ",".join(differing)
    safe = _UNSAFE.sub("-", label)
    if safe != label or len(safe) > _MAX_LENGTH:
        safe = f"{safe[:_MAX_LENGTH]}-{text_digest(label)[:8]}"
    return f"{family}-{safe}"


def _is_configured(task: luigi.Task, name: str) -> bool:
    family = task.get_task_family()
    parameter = getattr(type(task), name)
    return parameter.has_task_value(family, name) and bool(
        parameter.task_value(family, name) == task.param_kwargs[name]
    )
