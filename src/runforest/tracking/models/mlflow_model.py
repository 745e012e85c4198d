"""Fitted estimators as MLflow models, in skops format where possible.

skops numbers objects by their address in memory and stamps files with the time, so that two equal
estimators differ in every byte and nothing downstream of them could be recognised as unchanged:
its files are rewritten.
"""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from importlib import metadata
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from runforest.foundation.errors import cause_raised
from runforest.tracking.models.executable import is_harmless

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

logger = logging.getLogger(__name__)

_PACKAGES = ("mlflow", "scikit-learn", "pandas", "numpy", "scipy", "skops", "cloudpickle")
_SCHEMA = "schema.json"
_DATE = (1980, 1, 1, 0, 0, 0)


def save_model(
    estimator: BaseEstimator, path: Path, example: pd.DataFrame, code_paths: list[Path]
) -> None:
    """Save a fitted estimator as an MLflow model with signature and pinned requirements.

    Parameters
    ----------
    path
        Folder to create; `runs:/<run>/<task>/model` when it lies in a task's result.
    example : (n_rows, n_features) frame
        Rows from which the signature is made, without the target: the training rows and those to
        predict, since MLflow refuses a number with a fraction where all it saw were whole ones,
        and a missing value where it saw none.
    code_paths
        Packages of the project that the estimator needs when it is loaded.
    """
    import mlflow.sklearn
    from mlflow.models import ModelSignature, infer_signature
    from sklearn.dummy import DummyRegressor

    with warnings.catch_warnings():
        # Whole numbers without a gap in all rows known are meant to be whole numbers.
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer", UserWarning)
        rows = telling_rows(example)
        # A schema has no durations; no model is fitted on them.
        known = rows.select_dtypes(exclude="timedelta")
        inferred = infer_signature(known, estimator.predict(rows))
    data, types = _in_skops(estimator)
    # Beside the estimator MLflow writes nothing that depends on it, and it is slow to write twice.
    written = DummyRegressor() if data else estimator
    options = {"skops_trusted_types": types} if data else {}
    with cause_raised(OSError):  # MLflow takes a full disk for a shortcoming of the format
        mlflow.sklearn.save_model(
            written,
            str(path),
            signature=ModelSignature(inputs=inferred.inputs, outputs=inferred.outputs),
            pip_requirements=_requirements(estimator),
            code_paths=[str(code) for code in code_paths] or None,
            serialization_format="skops" if data else "cloudpickle",
            **options,
        )
    if data:
        _write_deterministic(data, path / "model.skops")


def telling_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return a present and a missing value of each column, where there is one, in few rows.

    That is all that a signature is made from, beside the types of the columns.

    >>> import pandas as pd
    >>> telling_rows(pd.DataFrame({"x": [1.0, 2.0, None], "y": ["a", "b", "c"]}))
         x  y
    0  1.0  a
    2  NaN  c
    """
    import numpy as np

    is_missing = table.isna().to_numpy()
    return table.iloc[np.union1d(is_missing.argmax(axis=0), is_missing.argmin(axis=0))]


def load_model(path: Path) -> BaseEstimator:
    """Return the estimator of a model folder; skops format is read without running pickles."""
    import mlflow.sklearn

    with TemporaryDirectory(prefix="runforest-") as folder:
        link = Path(folder) / "result"  # MLflow takes `?`, `#` and `%` in a path for a URI's own
        link.symlink_to(path.parent.resolve())
        return mlflow.sklearn.load_model(str(link / path.name))


def _in_skops(estimator: BaseEstimator) -> tuple[bytes, list[str]]:
    """Return an estimator in skops format, which it can be read from, and its types to trust.

    Nothing is returned for one that the format cannot hold.
    """
    from skops import io

    try:
        data = io.dumps(estimator)
        types = io.get_untrusted_types(data=data)
        io.loads(data, trusted=types)
    except Exception as error:  # noqa: BLE001 - skops raises whatever the estimator's state makes it
        logger.warning("The model is saved as a pickle, skops cannot hold it: %s", error)
        return b"", []
    unknown = [name for name in types if not is_harmless(name)]
    if unknown:
        logger.info("Loading the model will run code of %s.", ", ".join(unknown))
    return data, types


def _requirements(estimator: BaseEstimator) -> list[str]:
    parts = estimator.get_params().values()
    modules = {type(part).__module__.partition(".")[0] for part in parts}
    packages = (*_PACKAGES, *sorted(modules & {"catboost", "lightgbm", "xgboost"}))
    return [_requirement(name) for name in packages]


def _requirement(package: str) -> str:
    """Return the distribution of a package with its version; XGBoost has a second one."""
    try:
        return f"{package}=={metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package}-cpu=={metadata.version(f'{package}-cpu')}"


def _write_deterministic(data: bytes, path: Path) -> None:
    """Write a skops file with objects numbered by first occurrence and a fixed date."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, int] = {}
    schema = _renumbered(json.loads(contents.pop(_SCHEMA)), numbers)
    files = {_renamed(name, numbers): data for name, data in contents.items()}
    files[_SCHEMA] = json.dumps(schema).encode()  # indents would take seconds
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _DATE), files[name], zipfile.ZIP_DEFLATED)


def _renumbered(node: object, numbers: dict[str, int]) -> object:
    """Return a node of the schema with new object numbers and the files' new names."""
    if isinstance(node, list):
        return [_renumbered(item, numbers) for item in node]
    if not isinstance(node, dict):
        return node
    renewed = dict(node)
    if "__id__" in node:
        # Which equal constants share an object is chance, so each gets a number of its own.
        is_constant = node.get("__loader__") == "JsonNode"
        name = f"constant {len(numbers)}" if is_constant else str(node["__id__"])
        renewed["__id__"] = numbers.setdefault(name, len(numbers))
    for key, value in renewed.items():
        if key == "file":
            renewed[key] = _renamed(str(value), numbers)
        elif key != "__id__":
            renewed[key] = _renumbered(value, numbers)
    return renewed


def _renamed(name: str, numbers: dict[str, int]) -> str:
    path = PurePosixPath(name)
    return f"{numbers.setdefault(path.stem, len(numbers))}{path.suffix}"
