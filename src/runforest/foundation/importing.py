"""Imports: of objects by their dotted path, and of much at once; which files are sources."""

from __future__ import annotations

import gc
import importlib
import pkgutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runforest.foundation.errors import near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXTRAS = ("catboost", "lightgbm", "xgboost")
"""Packages of estimators that are installed as extras of the same name."""


def import_object(path: str) -> object:
    """Return what a dotted path names; ValueError with the remedy if nothing can be imported.

    >>> import_object("math.pi")
    3.141592653589793
    """
    module_name, _, name = path.rpartition(".")
    if not (module_name and name):
        message = (
            f"expected a dotted import path such as `sklearn.linear_model.Ridge`, got {path!r}."
        )
        raise ValueError(message)
    module = _import_module(module_name)
    if hasattr(module, name):
        return getattr(module, name)
    public = [one for one in dir(module) if not one.startswith("_")]
    hint = near_miss(name, public) or "Check the spelling and the installed version."
    message = f"module `{module_name}` has no `{name}`. {hint}"
    raise ValueError(message)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from going through what large imports make, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _import_module(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        message = f"no module `{error.name}`. {_missing_module_remedy(error.name or name)}"
        raise ValueError(message) from None
    except Exception as error:  # A module of the user's may fail in any way while it is imported.
        message = (
            f"module `{name}` fails when imported: {type(error).__name__}: {error}. Correct it."
        )
        raise ValueError(message) from error


def _missing_module_remedy(name: str) -> str:
    package, _, rest = name.partition(".")
    if package in EXTRAS:
        return f"Install it: pip install runforest[{package}]"
    if not rest:
        return "Install the package that holds it, or correct the path."
    parent_name, _, child = name.rpartition(".")
    siblings = pkgutil.iter_modules(getattr(importlib.import_module(parent_name), "__path__", None))
    hint = near_miss(child, [sibling.name for sibling in siblings])
    return hint or "Check the spelling and the installed version."


def is_source(path: Path, root: Path) -> bool:
    """Return whether a path is a file below a folder that Python and its tools did not generate."""
    is_generated = any(
        part.startswith(".") or part == "__pycache__" or part.endswith((".egg-info", ".pyc"))
        for part in path.relative_to(root).parts
    )
    return not is_generated and path.is_file()
