"""Errors of a tracking store: which it is, and one message for each."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from runforest.foundation.errors import StoreError, causes
from runforest.tracking.store.connect import is_reachable
from runforest.tracking.store.uri import hide_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlflow.exceptions import MlflowException

T = TypeVar("T")

_MAX_REASON = 200


@contextmanager
def store_errors(
    problem: str, remedy: str, kinds: tuple[type[Exception], ...] = (Exception,)
) -> Iterator[None]:
    """Turn what a store raises within the block into one message: problem, reason and remedy.

    Each kind of artifact store has a library with exceptions of its own: hence all by default.
    """
    try:
        yield
    except StoreError:
        raise
    except kinds as error:
        message = f"{problem}: {first_line(error)}\n{remedy}"
        raise StoreError(message) from error


def client_errors() -> tuple[type[Exception], ...]:
    """Return what MLflow's client raises."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError


def is_failing_request(error: Exception) -> bool:
    """Return whether a server failed to answer a request, whatever for."""
    from requests.exceptions import RequestException

    is_internal = getattr(error, "error_code", "") == "INTERNAL_ERROR"
    return is_internal or any(isinstance(cause, RequestException) for cause in causes(error))


def is_outage(error: Exception, uri: str) -> bool:
    """Return whether a store failed, as opposed to what it was given.

    A server says 500 when it cannot digest what it is given, and 503 when its database fails.
    """
    from requests.exceptions import RequestException
    from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

    kinds = SQLAlchemyError, RequestException, ConnectionError, TimeoutError
    cause = next((cause for cause in causes(error) if isinstance(cause, kinds)), None)
    if isinstance(cause, SQLAlchemyError):
        return not isinstance(cause, (DataError, IntegrityError))
    if cause is not None and "too many 500 error responses" not in str(cause):
        return True
    is_unavailable = getattr(error, "error_code", "") == "TEMPORARILY_UNAVAILABLE"
    return is_unavailable or not is_reachable(uri)


def refusals_of(call: Callable[[T], object], item: T) -> list[MlflowException]:
    """Call for an item and return the refusal of a value in it, if any; raise all other errors.

    Of a database's errors MLflow says BAD_REQUEST to nearly all, closed connections and damaged
    files among them (`mlflow/store/db/utils.py`); the one behind it says which.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import DataError, IntegrityError

    try:
        call(item)
    except MlflowException as error:
        is_of_value = isinstance(error.__cause__, DataError | IntegrityError | None)
        if error.error_code == "INVALID_PARAMETER_VALUE" or (
            error.error_code == "BAD_REQUEST" and is_of_value
        ):
            return [error]
        raise
    return []


def first_line(error: Exception) -> str:
    """Return what an error says, in one line that is not too long, without a password."""
    reason = hide_password(str(error)).strip().partition("\n")[0]
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}..."
