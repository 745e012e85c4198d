"""The tables of luigi.toml that belong to Runforest itself: every key, its type and meaning.

This is the one source of them: validation and the reference page are both made from it. The
tables of tasks are described by the tasks' own Luigi parameters.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from runforest.model.splitters import SPLITTERS

ColumnRole = Literal["number", "category", "text", "date", "boolean", "id", "drop"]


class Table(BaseModel):
    """A table of the configuration: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RunConfig(Table):
    """The run: what it is called and how it is executed."""

    experiment_name: str = Field(
        default="experiment",
        min_length=1,
        max_length=120,  # it names a folder, too
        pattern=r"\S",
        description="MLflow experiment that the run belongs to; created when it does not exist.",
    )
    description: str = Field(
        default="", description="Text on the run's page (Markdown). Does not affect results."
    )
    run_name: str = Field(
        default="", description="Name of the run; MLflow invents one when it is empty."
    )
    task: str = Field(
        default="Experiment", description="The task to complete, with all that it requires."
    )
    workers: int = Field(default=1, ge=1, le=1024, description="Number of Luigi worker processes.")
    scheduler: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="URL of a central Luigi scheduler (luigid); empty for one inside the process.",
    )
    reuse: bool = Field(
        default=True,
        description="Reuse stored results (true) or recompute everything (false).",
    )
    trust_store: bool = Field(
        default=False,
        description="Whether results of other projects and machines are used that run code when "
        "they are loaded: pickles, and models with code of their own. Set it only where you trust "
        "all who can write to the tracking store.",
    )
    start_method: Literal["", "fork", "spawn", "forkserver"] = Field(
        default="", description="How worker processes start; empty for the platform's default."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe log record that is printed and recorded."
    )


class PathConfig(Table):
    """Where the input lies, and results that are to be used as they are.

    Beside `input`, each key is the name of a task and its value the result that is used for it,
    whatever has changed since; tasks needed only for it are skipped. The value is
    the task's folder in the artifacts of a run, such as
    `"./mlruns/titanic/RUN_ID/artifacts/Preprocessor"`, or its URI: `"runs:/RUN_ID/Preprocessor"`,
    or on a tracking server `"mlflow-artifacts:/1/RUN_ID/artifacts/Preprocessor"`. What a URI names
    is downloaded once.

    A task that is required with other parameters than its table's has a folder of its own, and the
    key is the name of that folder, in quotes: `"Trainer-seed=1"`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    __pydantic_extra__: dict[str, str] = Field(init=False)

    input: str = Field(
        default="./input/",
        description="Folder of the data set; relative to the project folder.",
    )


class DatasetConfig(Table):
    """The data set: its two files and what its columns mean."""

    train: str = Field(
        default="train.csv",
        description="Training file in the input folder. When absent and there is no CSV file, the "
        "only train.* of another format; so for test.",
    )
    test: str = Field(
        default="test.csv",
        description="Test file in the input folder; empty for none. Without a file of the default "
        "name there is none.",
    )
    target: str = Field(
        default="",
        description="Column to predict; when empty, the one column that train has and test lacks. "
        "A test file that has it is scored.",
    )
    id: str = Field(
        default="",
        description="Column that names a row; when empty, a unique column named like an id.",
    )
    has_id: bool = Field(
        default=True, description="Whether a column names a row; predictions are numbered if not."
    )
    kind: Literal["", "classification", "regression"] = Field(
        default="",
        description="What the target is; when empty, text and few whole numbers are classes.",
    )
    group: str = Field(
        default="",
        description="Column whose values, such as patients, stay together in all splits; no "
        "feature.",
    )
    time: str = Field(
        default="",
        description="Column of dates or numbers by which rows are ordered: models are judged on "
        "later rows than they learn from.",
    )
    holdout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the training rows that is set aside before anything is learned and "
        "scored once: the classes in proportion, whole groups, or the latest rows.",
    )
    cv: str | dict[str, Any] = Field(
        default="",
        description=f"Splitter of the cross-validation: {', '.join(SPLITTERS)}, or an import path; "
        "with options, { name = ..., ... }. When empty, the one that suits.",
    )
    columns: dict[str, ColumnRole] = Field(
        default={},
        description="What columns are, by name, where it is not as recognised: number, category, "
        "text, date, boolean, id, or drop for no feature.",
    )
    missing: list[str] | None = Field(
        default=None,
        description="Texts that are missing values, beside empty cells, in all columns. When "
        "absent, the usual ones (NA, null, ...) in features, none in ids and classes.",
    )
    delimiter: str = Field(
        default="",
        pattern=r'^[^"\r\n]?$',
        description="Character between two columns, no quote and no line end; a blank stands for "
        "any number of them. Recognised when empty.",
    )
    encoding: str = Field(default="", description="Text encoding; recognised when empty.")
    decimal: Literal["", ".", ","] = Field(
        default="", description="Decimal sign of numbers; recognised when empty."
    )
    thousands: str = Field(
        default="",
        pattern=r"^[^0-9+\-]?$",
        description="Sign between thousands; recognised when empty.",
    )
    sheet: str = Field(default="", description="Sheet of Excel files; the first one when empty.")


class NumbersConfig(Table):
    """What is done with numbers."""

    impute: Literal["", "median", "mean", "most_frequent", "none"] | float = ""
    scale: Literal["", "standard", "min_max", "robust", "none"] = ""


class CategoriesConfig(Table):
    """What is done with categories."""

    missing: str = ""
    encode: Literal["", "one_hot", "ordinal", "target", "native"] = ""
    max_categories: int = Field(default=20, ge=2, le=1_000_000)


class FeaturesConfig(Table):
    """How columns become what the model is fitted on; learned anew in every fold.

    What is left out suits the estimator: trees get numbers on their own scale, and LightGBM,
    XGBoost, CatBoost and HistGradientBoosting categories and missing values as they are.
    """

    numbers: NumbersConfig = Field(
        default=NumbersConfig(),
        description="`impute`: what stands for a missing number: median, mean, most_frequent, a "
        "number, or none. `scale`: standard (mean 0, variance 1), min_max (0 to 1), robust "
        "(median 0, quartiles), or none.",
    )
    categories: CategoriesConfig = Field(
        default=CategoriesConfig(),
        description="`encode`: one_hot (a column per value, the rarest beyond `max_categories` = "
        "20 together), ordinal, target (the mean target of the value), or native. `missing`: a "
        "text that stands for a missing value, which is a value of its own without it.",
    )
    dates: Literal["parts", "drop"] = Field(
        default="parts",
        description="Year, month, day, weekday, hour and seconds since 1970, or nothing.",
    )
    text: Literal["tfidf", "drop"] = Field(
        default="tfidf",
        description="Thirty directions of the weighted words of a text, or nothing.",
    )
    pipeline: str = Field(
        default="",
        description="Import path of a function that makes the transformer of all columns, such as "
        "`tasks.my_features.build`; instead of all else here.",
    )


TABLES: dict[str, type[Table]] = {
    "RunConfig": RunConfig,
    "PathConfig": PathConfig,
    "Dataset": DatasetConfig,
    "Features": FeaturesConfig,
}
