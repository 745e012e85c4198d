"""What people write without Runforest: folds, fit and predictions of a default ridge model.

`python plain_folds.py FOLDER` reads `train.csv` and `test.csv` there, and writes beside them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import joblib
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import KFold, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

CLASS_SCORERS = ("accuracy", "balanced_accuracy", "f1_macro", "roc_auc")
NUMBER_SCORERS = ("r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")


def main(folder: Path) -> None:
    """Cross-validate, fit, predict and save."""
    header = pd.read_csv(folder / "train.csv", nrows=0)
    dates = [name for name in header.columns if name.startswith("date_")]
    train, test = (
        pd.read_csv(folder / f"{name}.csv", parse_dates=dates) for name in ("train", "test")
    )
    features, target = train.drop(columns=["id", "target"]), train["target"]
    has_classes = not pd.api.types.is_numeric_dtype(target)
    pipeline = make_pipeline(features_of(dates), (RidgeClassifier if has_classes else Ridge)())
    splitter = (StratifiedKFold if has_classes else KFold)(5, shuffle=True, random_state=1)
    scorers = CLASS_SCORERS if has_classes else NUMBER_SCORERS
    scores = cross_validate(pipeline, features, target, cv=splitter, scoring=scorers)
    found = {name: float(scores[f"test_{name}"].mean()) for name in scorers}
    (folder / "scores.json").write_text(json.dumps(found), encoding="utf-8")
    pipeline.fit(features, target)
    joblib.dump(pipeline, folder / "model.joblib")
    answers = test[["id"]].assign(target=pipeline.predict(test))
    answers.to_csv(folder / "predictions.csv", index=False)


def features_of(dates: list[str]) -> object:
    """Return the usual features: impute and scale numbers, one-hot categories, parts of dates."""
    impute = SimpleImputer(strategy="median")
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False
    )
    parts = make_pipeline(FunctionTransformer(date_parts), impute, StandardScaler())
    return make_column_transformer(
        (make_pipeline(impute, StandardScaler()), make_column_selector(dtype_include="number")),
        (one_hot, make_column_selector(dtype_include=["str", "bool"])),
        (parts, dates),
    )


def date_parts(table: pd.DataFrame) -> pd.DataFrame:
    """Return year, month, day and weekday of each date, and its seconds since 1970."""
    parts = ("year", "month", "day", "day_of_week")
    found = {
        f"{name}_{part}": getattr(column.dt, part)
        for name, column in table.items()
        for part in parts
    }
    seconds = table.astype("datetime64[s]").astype("int64")
    return pd.DataFrame(found).join(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
