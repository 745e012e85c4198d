"""A tracking store that fails in the middle of a run: told apart, and told in one message."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from runforest.errors import StoreError, causes
from runforest.tracking.store.connect import hide_password, is_reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlflow.exceptions import MlflowException

    from runforest.run.events import Event

T = TypeVar("T")

_MAX_REASON = 200


@contextmanager
def outage_told(artifacts: Path) -> Iterator[None]:
    """Turn whatever the store raises within the block into a message.

    Raises
    ------
    StoreError
        The store failed.
    """
    try:
        yield
    except Exception as error:
        # Each kind of artifact store has a library with exceptions of its own.
        raise incomplete_record(error, artifacts) from error


@contextmanager
def upload_told(uri: str) -> Iterator[None]:
    """Turn whatever an artifact store raises within the block into a message.

    Raises
    ------
    StoreError
        The artifact store failed.
    """
    try:
        yield
    except Exception as error:
        # As above.
        message = (
            f"files cannot be uploaded to {hide_password(uri)}: {first_line(error)}\n"
            "See to the artifact store and run again; nothing was computed."
        )
        raise StoreError(message) from error


@contextmanager
def refusal_told(uri: str) -> Iterator[None]:
    """Turn what the store raises before there is anything to lose into a message.

    Raises
    ------
    StoreError
        The store failed.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        message = (
            f"no run can be opened in {hide_password(uri)}: {first_line(error)}\n"
            "See to the tracking store and run again; nothing was computed."
        )
        raise StoreError(message) from error


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


def is_refusal(error: MlflowException) -> bool:
    """Return whether an error of MLflow is about a value that it does not take.

    Of a database's errors it says BAD_REQUEST to nearly all, closed connections and damaged files
    among them (`mlflow/store/db/utils.py`); the one behind it tells.
    """
    from sqlalchemy.exc import DataError, IntegrityError

    if error.error_code == "BAD_REQUEST":
        cause = error.__cause__
        return cause is None or isinstance(cause, (DataError, IntegrityError))
    return bool(error.error_code == "INVALID_PARAMETER_VALUE")


def refusal_of(call: Callable[[T], object], item: T) -> MlflowException | None:
    """Call for an item and return the refusal of what is in it; raise what else goes wrong."""
    from mlflow.exceptions import MlflowException

    try:
        call(item)
    except MlflowException as error:
        if is_refusal(error):
            return error
        raise
    return None


def recorded_singly(
    record: Callable[[list[Event]], None], events: list[Event], uri: str
) -> list[Exception]:
    """Record events, one by one when not all of them can be; return what is wrong with those.

    Raises
    ------
    Exception
        The store failed, as `is_outage` says.
    """
    try:
        record(events)
    except Exception as error:
        if is_outage(error, uri):
            raise
        problem = error
    else:
        return []
    if len(events) == 1:
        return [problem]
    parts = [recorded_singly(record, [event], uri) for event in events]
    return [problem for part in parts for problem in part]


def incomplete_record(error: Exception, artifacts: Path) -> StoreError:
    """Return the error that says what is lost, what is not, and what to do."""
    return StoreError(
        f"the run could not be recorded completely: {first_line(error)}\n"
        f"Its results are committed in {artifacts}. See to the tracking store and run again: what "
        "was computed is reused."
    )


def first_line(error: Exception) -> str:
    """Return what an error says, in one line that is not too long, without a password."""
    reason = hide_password(str(error)).strip().partition("\n")[0]
    return reason if len(reason) <= _MAX_REASON else f"{reason[:_MAX_REASON]}..."
