"""Fitted estimators as MLflow models, in skops format where possible."""

from __future__ import annotations

import logging
import warnings
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from runforest.errors import cause_raised
from runforest.tracking.models.executable import is_harmless
from runforest.tracking.models.skops_file import make_deterministic

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

logger = logging.getLogger(__name__)

MODEL_PACKAGES = ("scikit-learn", "pandas", "numpy", "scipy", "skops", "cloudpickle")


def save_model(
    estimator: BaseEstimator, path: Path, example: pd.DataFrame, code_paths: list[Path]
) -> None:
    """Save a fitted estimator as an MLflow model with signature and pinned requirements.

    Parameters
    ----------
    estimator
        Fitted; its `predict` takes frames like `example`.
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

    with warnings.catch_warnings():
        # Whole numbers without a gap in all rows known are meant to be whole numbers.
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer", UserWarning)
        inferred = infer_signature(example, estimator.predict(example))
    options = _serialization(estimator)
    with cause_raised(OSError):  # MLflow takes a full disk for a shortcoming of the format
        mlflow.sklearn.save_model(
            estimator,
            str(path),
            signature=ModelSignature(inputs=inferred.inputs, outputs=inferred.outputs),
            pip_requirements=_requirements(estimator),
            code_paths=[str(code) for code in code_paths] or None,
            **options,
        )
    for file in path.glob("*.skops"):
        make_deterministic(file)


def load_model(path: Path) -> BaseEstimator:
    """Return the estimator of a model folder; skops format is read without running pickles."""
    import mlflow.sklearn

    with TemporaryDirectory(prefix="runforest-") as folder:
        link = Path(folder) / "result"  # MLflow takes `?`, `#` and `%` in a path for a URI's own
        link.symlink_to(path.parent.resolve())
        return mlflow.sklearn.load_model(str(link / path.name))


def _serialization(estimator: BaseEstimator) -> dict[str, object]:
    from skops import io

    try:
        types = io.get_untrusted_types(data=io.dumps(estimator))
    except Exception as error:  # noqa: BLE001 - skops raises whatever the estimator's state makes it
        logger.warning("The model is saved as a pickle, skops cannot hold it: %s", error)
        return {"serialization_format": "cloudpickle"}
    unknown = [name for name in types if not is_harmless(name)]
    if unknown:
        logger.info("Loading the model will run code of %s.", ", ".join(unknown))
    return {"serialization_format": "skops", "skops_trusted_types": types}


def _requirements(estimator: BaseEstimator) -> list[str]:
    packages = dict.fromkeys(MODEL_PACKAGES)
    steps = getattr(estimator, "steps", [])
    modules = {type(step).__module__.partition(".")[0] for _, step in steps}
    packages |= dict.fromkeys(sorted(modules & {"catboost", "lightgbm", "xgboost"}))
    return [f"{name}=={metadata.version(name)}" for name in ("mlflow", *packages)]
