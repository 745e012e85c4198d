"""Calls as bytes, and which part of a call cannot become bytes."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class UnpicklableError(TypeError):
    """A call cannot be sent to a worker; the message names the part that cannot be pickled."""


def pack(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> bytes:
    """Return a call as bytes.

    Raises
    ------
    UnpicklableError
        Part of it cannot be pickled.
    """
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps((function, args, dict(kwargs)))
    except Exception as error:  # border: objects of the user's raise what they like
        raise UnpicklableError(_explanation(function, args, kwargs)) from error
    return packed


def call_packed(packed: bytes) -> object:
    """Do a call that `pack` made bytes of."""
    function, args, kwargs = pickle.loads(packed)  # noqa: S301  It comes from the driver.
    return function(*args, **kwargs)


def unpicklable_part(value: object, path: str) -> tuple[str, object]:
    """Return where the innermost part that cannot be pickled stands, and the part.

    Parameters
    ----------
    value
        What cannot be pickled.
    path
        How the value itself is called.

    Examples
    --------
    >>> unpicklable_part({"alpha": 1, "steps": [(each for each in ()), 2]}, "params")[0]
    "params['steps'][0]"
    """
    seen = {id(value)}
    while True:
        for step, part in _parts(value):
            if id(part) not in seen and _pickle_error(part):
                path, value = path + step, part
                seen.add(id(part))
                break
        else:
            return path, value


def _explanation(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> str:
    for name, value in _named_values(function, args, kwargs):
        if _pickle_error(value):
            path, part = unpicklable_part(value, name)
            return (
                f"{path} cannot be sent to a worker: it is a {type(part).__name__}, which cannot "
                f"be pickled ({_pickle_error(part)}). Make it of values that can, or use "
                'executor = "serial".'
            )
    return f"{function} cannot be sent to a worker. Use a function of a module."


def _named_values(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    yield getattr(function, "__name__", "the function"), function
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # Some builtins have no signature.
        names = []
    names += [f"argument {number}" for number in range(len(names) + 1, len(args) + 1)]
    yield from zip(names, args, strict=False)
    yield from kwargs.items()


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{number}]", item) for number, item in enumerate(value))
    elif not isinstance(value, type | FunctionType | MethodType | ModuleType):
        yield from ((f".{name}", item) for name, item in getattr(value, "__dict__", {}).items())


def _pickle_error(value: object) -> str:
    import cloudpickle

    try:
        cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001  Objects of the user's raise what they like.
        return str(error) or type(error).__name__
    return ""
