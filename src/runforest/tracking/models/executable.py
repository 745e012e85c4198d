"""What of a stranger's result would run code when it is loaded."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from runforest.foundation.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    from runforest.results.manifest import Manifest

_PACKAGES = {"catboost", "lightgbm", "skrub", "sklearn", "xgboost"}
"""Libraries whose classes a model may have; a function of theirs could do anything."""

_TYPES = {
    "collections.OrderedDict",
    "functools.partial",
    "lightgbm.basic.Booster",
    "numpy.asarray",
    "numpy.column_stack",
    "numpy.dtype",
    "numpy.expand_dims",
    "numpy.ravel",
    "operator.attrgetter",
    "sklearn.utils.validation.check_array",
    "xgboost.core.Booster",
}
"""What features and estimators are made of beside classes: functions that only make arrays, and two
that do no more than a function named beside them, or that reads an attribute."""

_PICKLES = {".cloudpickle", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth"}
_PICKLE = re.compile(rb"\x80[\x02-\x09]")  # how pickles begin, whatever they are called


def check_executable(folder: Path, manifest: Manifest) -> None:
    """Raise ArtifactError if a file of a result would run code of a stranger when it is loaded.

    So may pickles, models in skops format with other types than classes of known libraries, and
    descriptions of models that name code or a loader.
    """
    for name in manifest.outputs:
        path = folder / name
        reason = _reason(path) if path.is_file() else ""
        if reason:
            message = (
                f"{name} {reason}, and could run code of whoever wrote it. If you trust all who "
                "can write to the store, set `trust_store = true` in [RunConfig]."
            )
            raise ArtifactError(message)


def _reason(path: Path) -> str:
    if path.suffix == ".skops":
        return _skops_reason(path)
    if path.name == "MLmodel":
        return _model_reason(path)
    with path.open("rb") as file:
        is_pickle = path.suffix in _PICKLES or _PICKLE.match(file.read(2))
    return "is a pickle" if is_pickle else ""


def _skops_reason(path: Path) -> str:
    from skops import io

    try:
        unknown = [name for name in io.get_untrusted_types(file=path) if not is_harmless(name)]
    except Exception as error:  # noqa: BLE001 - border: whatever a stranger's file makes skops raise
        return f"cannot be examined ({error})"
    return f"has {', '.join(unknown)}" if unknown else ""


def is_harmless(name: str) -> bool:
    """Return whether a type is a class of a known library that does nothing when it is deleted.

    A class of NumPy deletes a folder then, whose name would come with the model.

    >>> [is_harmless(name) for name in ("numpy.dtype", "numpy.load", "numpy.lib.npyio.DataSource")]
    [True, False, False]
    """
    module, _, attribute = name.rpartition(".")
    if name in _TYPES or module.partition(".")[0] not in _PACKAGES:
        return name in _TYPES
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and not hasattr(found, "__del__")


def _model_reason(path: Path) -> str:
    """Return what is wrong with a model's description: all but a plain skops model of MLflow."""
    import yaml

    try:
        flavors = yaml.safe_load(path.read_text(encoding="utf-8"))["flavors"]
        sklearn, python = flavors.pop("sklearn"), flavors.pop("python_function")
        is_plain = (
            not flavors
            and not (sklearn.get("code") or python.get("code"))
            and sklearn["serialization_format"] == "skops"
            and python["loader_module"] == "mlflow.sklearn"
            and {sklearn["pickled_model"], python["model_path"]} == {"model.skops"}
        )
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
        return "cannot be examined"
    return "" if is_plain else "names code, or another format than skops"
