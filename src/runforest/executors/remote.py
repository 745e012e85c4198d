"""Calls to workers in other processes: sent as bytes, and given up when the caller fails."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from runforest.foundation.errors import kind_and_text

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class UnpicklableError(TypeError):
    """A call or its result cannot be sent."""


class RemoteExecutor(Executor, ABC):
    """An executor whose running calls can be given up."""

    @abstractmethod
    def submit_packed(self, call: bytes) -> Future[Any]:
        """Let a worker do `call_packed(call)`; the future has the result unpickled."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send the call to a free worker."""
        try:
            call = pack((fn, args, kwargs), "a call")
        except UnpicklableError as error:
            failed: Future[T] = Future()
            failed.set_exception(error)
            return failed
        return self.submit_packed(call)

    def __exit__(self, kind: object, *_error: object) -> None:
        """Wait for running calls when the block ended well, else give them up."""
        self.shutdown(cancel_futures=kind is not None)


def pack(value: object, what: str) -> bytes:
    """Return a value as bytes for `pickle.loads`; UnpicklableError says what it is, and why not."""
    import cloudpickle

    try:
        packed: bytes = cloudpickle.dumps(value)
    except Exception as error:  # noqa: BLE001  Objects of the user's raise what they like.
        reason = str(error) or type(error).__name__
    else:
        return packed
    # Not raised above, where the error would be its context, which Dask sends along.
    message = (
        f"{what} cannot be sent between processes ({reason}). Give the estimator values that can "
        'be pickled, or use executor = "serial".'
    )
    raise UnpicklableError(message)


def call_packed(call: bytes) -> bytes:
    """Do a call that `pack` made bytes of; return its result packed.

    An error that cannot be read where it is sent is replaced by a RuntimeError with its text.
    """
    function, args, kwargs = pickle.loads(call)  # noqa: S301  It comes from the driver.
    try:
        return pack(function(*args, **kwargs), "the result of a call")
    except Exception as error:  # border: calls of the user's raise what they like
        if _is_readable(error):
            raise
        text = kind_and_text(error)
    raise RuntimeError(text)


def _is_readable(error: Exception) -> bool:
    """Return whether an error survives pickling; a pool of processes breaks at one that does not.

    One whose constructor takes other arguments than its message can be pickled, yet not read.
    """
    import cloudpickle

    try:
        pickle.loads(cloudpickle.dumps(error))  # noqa: S301  Pickled here.
    except Exception:  # noqa: BLE001  Objects of the user's raise what they like.
        return False
    return True
