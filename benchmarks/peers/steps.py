"""The work of the pipeline, the same in every peer: they differ in how they wire it."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ID, TARGET = "PassengerId", "Survived"
FEATURES = ["Pclass", "SibSp", "Parch"]
RAW_FILES = {"train": Path("data/train.csv"), "test": Path("data/test.csv")}
PACKAGES = ("mlflow", "scikit-learn", "pandas", "numpy", "scipy", "skops", "cloudpickle")


def read_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the test table with the columns that are used."""
    train = pd.read_csv(RAW_FILES["train"])[[ID, TARGET, *FEATURES]]
    return train, pd.read_csv(RAW_FILES["test"])[[ID, *FEATURES]]


def fit_pipeline(train: pd.DataFrame, seed: int) -> Pipeline:
    """Return the ridge classifier behind the usual handling of numbers and texts."""
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    features = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("texts", one_hot, make_column_selector(dtype_exclude="number")),
        ]
    )
    pipeline = Pipeline([("features", features), ("model", RidgeClassifier(random_state=seed))])
    return pipeline.fit(train[FEATURES], train[TARGET])


def save_model(pipeline: Pipeline, train: pd.DataFrame, folder: Path) -> None:
    """Save the pipeline as an MLflow model in skops format, with signature and requirements."""
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from skops import io

    example = train[FEATURES]
    mlflow.sklearn.save_model(
        pipeline,
        str(folder),
        signature=infer_signature(example, pipeline.predict(example)),
        pip_requirements=[f"{name}=={metadata.version(name)}" for name in PACKAGES],
        serialization_format="skops",
        skops_trusted_types=io.get_untrusted_types(data=io.dumps(pipeline)),
    )


def log_sources(seed: int) -> None:
    """Record parameters and raw files, with their digests, in the active MLflow run."""
    import mlflow
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.data.sources import LocalArtifactDatasetSource

    mlflow.log_params({"seed": seed, "columns": FEATURES, "target": TARGET, "id": ID})
    for role, path in RAW_FILES.items():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:36]
        source = LocalArtifactDatasetSource(str(path))
        mlflow.log_input(MetaDataset(source, name=path.name, digest=digest), context=role)


def predict_rows(pipeline: Pipeline, test: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions of the test rows with their ids."""
    return test[[ID]].assign(**{TARGET: pipeline.predict(test[FEATURES])})
