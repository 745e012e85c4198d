"""Calls and their results as bytes, and which part of them cannot become bytes."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Mapping
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING

from runforest.errors import kind_and_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class UnpicklableError(TypeError):
    """A call or its result cannot be sent; the message names the part that cannot be pickled."""


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


def call_packed(packed: bytes) -> bytes:
    """Do a call that `pack` made bytes of; return its result as bytes for `pickle.loads`.

    Raises
    ------
    UnpicklableError
        Part of the result cannot be pickled.
    RuntimeError
        It stands for an error of the call that would be lost on its way to the driver.
    Exception
        Any other error of the call.
    """
    try:
        function, args, kwargs = pickle.loads(packed)  # noqa: S301  It comes from the driver.
        result = function(*args, **kwargs)
    except Exception as error:  # border: calls of the user's raise what they like
        if _survives_pickling(error):
            raise
        told = kind_and_text(error)
    else:
        return _pack_result(result)
    # Not raised above, where the error would be its context, which Dask sends along.
    raise RuntimeError(told)


def _pack_result(result: object) -> bytes:
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(result)
    except Exception:  # noqa: BLE001  Objects of the user's raise what they like.
        refusal = _refusal("the result", result, "back by a worker")
    else:
        return packed
    raise UnpicklableError(refusal)


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
            return _refusal(name, value, "to a worker")
    return f"{function} cannot be sent to a worker. Use a function of a module."


def _refusal(name: str, value: object, where: str) -> str:
    path, part = unpicklable_part(value, name)
    return (
        f"{path} cannot be sent {where}: it is a {type(part).__name__}, which cannot be pickled "
        f'({_pickle_error(part)}). Make it of values that can, or use executor = "serial".'
    )


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


def _survives_pickling(error: Exception) -> bool:
    """Return whether an error can be read where it is sent.

    One whose constructor takes other arguments than its message can be pickled, yet not read; a
    pool of processes breaks when that happens.
    """
    import cloudpickle

    try:
        pickle.loads(cloudpickle.dumps(error))  # noqa: S301  Pickled here.
    except Exception:  # noqa: BLE001  Objects of the user's raise what they like.
        return False
    return True


def _pickle_error(value: object) -> str:
    import cloudpickle

    try:
        cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001  Objects of the user's raise what they like.
        return str(error) or type(error).__name__
    return ""
