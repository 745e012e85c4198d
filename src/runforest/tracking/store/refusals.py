"""What a store refuses of what it is given, told apart from a store that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.exceptions import MlflowException


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
