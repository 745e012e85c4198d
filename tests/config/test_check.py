"""Tables, keys and types: every mistake has one message, and all come at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runforest.results.manifest import MANIFEST_VERSION

if TYPE_CHECKING:
    from conftest import Check

SETTINGS = [
    ("Trainer.seed=1.5", "seed: expected an integer, got 1.5."),
    ("Trainer.seed=1.0", "seed: expected an integer, got 1.0."),
    ("Trainer.seed=true", "seed: expected an integer, got true."),
    ("Trainer.seed=zero", 'seed: expected an integer, got "zero".'),
    ("Trainer.seed=-1", "seed: expected an integer from 0 to 4294967295, got -1."),
    ("Trainer.tune=1", "tune: expected true or false, got 1."),
    ("Trainer.tune=yes", 'tune: expected true or false, got "yes".'),
    ("Trainer.params=3", "params: expected a table, got 3."),
    ("Trainer.estimator=7", "estimator: expected a string, got 7."),
    ("Tuner.search_space=[1]", "search_space: expected a table, got [1]."),
    ("Tuner.n_trials=0", "n_trials: expected an integer in [1, 1000000), got 0."),
    ("Tuner.n_trials=3.0", "n_trials: expected an integer in [1, 1000000), got 3.0."),
    ("Tuner.n_trials=3.5", "n_trials: expected an integer in [1, 1000000), got 3.5."),
    ("Tuner.n_trials=many", 'n_trials: expected an integer in [1, 1000000), got "many".'),
    ("Tuner.n_jobs=0", "n_jobs: expected an integer in [1, 1024), got 0."),
    ("Tuner.n_folds=1", "n_folds: expected an integer in [2, 1000), got 1."),
    ("Evaluator.n_folds=1", "n_folds: expected an integer in [2, 1000), got 1."),
    ("Evaluator.scoring=[3]", "scoring: expected an array of strings, got 3 in it."),
    ("Evaluator.scoring=3", "scoring: expected a string or an array of strings, got 3."),
    ("Tuner.timeout_s=true", "timeout_s: expected a number, got true."),
    ("Preprocessor.drop_columns=x", 'drop_columns: expected an array, got "x".'),
    ("Preprocessor.drop_columns=[1]", "drop_columns: expected an array of strings, got 1 in it."),
    ("RunConfig.workers=0", "workers: must be at least 1, got 0."),
    ("RunConfig.workers=5000", "workers: must be at most 1024, got 5000."),
    ("RunConfig.workers=2.0", "workers: expected an integer, got 2.0."),
    ("RunConfig.workers=true", "workers: expected an integer, got true."),
    ("RunConfig.workers='2'", 'workers: expected an integer, got "2".'),
    ("RunConfig.experiment_name=", 'experiment_name: must not be empty, got "".'),
    ("RunConfig.experiment_name=7", "experiment_name: expected a string, got 7."),
    (f"RunConfig.experiment_name={'x' * 121}", "must have at most 120 characters"),
    ("RunConfig.start_method=thread", "expected '', 'fork', 'spawn' or 'forkserver', got"),
    ("RunConfig.log_level=LOUD", "expected 'DEBUG', 'INFO', 'WARNING' or 'ERROR', got \"LOUD\""),
    ("RunConfig.scheduler=here", 'scheduler: got "here", wanted: URL of a central'),
    ("Dataset.kind=both", "kind: expected '', 'classification' or 'regression', got \"both\"."),
    ("Dataset.has_id=1", "has_id: expected true or false, got 1."),
    ("Dataset.delimiter=;;", 'delimiter: got ";;", wanted: Character between two columns'),
    ("Dataset.delimiter='\"'", "no quote and no line end"),
    ("PathConfig.input=3", "input: expected a string, got 3."),
    ("PathConfig.Trainer=3", "Trainer: expected a string, got 3."),
    ("core.log_level=LOUD", "expected one of CRITICAL, DEBUG, ERROR, INFO, NOTSET, WARNING, got"),
    ("Trainer.estimater=a.B", "estimater: unknown key. Did you mean `estimator`?"),
    ("Trainer.active_run=x", "active_run: unknown key. Known: columns"),
    ("RunConfig.worker=2", "worker: unknown key. Did you mean `workers`?"),
    ("RunConfig.foo=2", "foo: unknown key. Known: description, experiment_name"),
    ("Dataset.trian=a.csv", "trian: unknown key. Did you mean `train`?"),
    ("PathConfig.inptu=x", "neither `input` nor a task. Did you mean `input`?"),
    ("PathConfig.Preprocesor=x", "neither `input` nor a task. Did you mean `Preprocessor`?"),
    ("Traner.seed=1", "unknown table. Did you mean `Trainer`?"),
    ("trainer.seed=1", "unknown table. Did you mean `Trainer`?"),
    ("xyzzy.seed=1", "unknown table. Known: Dataset, Evaluator, Experiment, Features, PathConfig"),
    ("RunTask.seed=1", "unknown table. "),
    ("RunConfig.task=Experimnt", "Did you mean `Experiment`? Known: Evaluator, Experiment, Pred"),
    ("RunConfig.task=", 'task: unknown task "". Known: Evaluator, Experiment, Prediction'),
]


@pytest.mark.parametrize(("setting", "because"), SETTINGS, ids=[case[0][:40] for case in SETTINGS])
def test_a_wrong_setting_is_refused_with_its_remedy(
    check: Check, setting: str, because: str
) -> None:
    check.refuses("--set", setting, because=[f"--set [{setting.partition('.')[0]}]", because])


@pytest.mark.parametrize(
    "setting",
    [
        case[0]
        for case in SETTINGS
        # These have consequences that are mistakes of their own.
        if not case[0].startswith(("PathConfig.inptu", "PathConfig.Prepro", "Dataset.trian"))
        and case[0] != "Trainer.estimater=a.B"
    ],
)
def test_one_mistake_gets_one_message(check: Check, setting: str) -> None:
    outcome = check.run("--set", setting)

    assert len(outcome.err.splitlines()) == 2, outcome.err


MANY = """\
[RunConfig]
task = "Experimnt"
workers = "2"
[PathConfig]
input = "input"
[Dataset]
target = "yield"
id = "idd"
[Trainer]
estimater = "sklearn.linear_model.LogisticRegression"
seed = "zero"
params = { max_iter = 7, penalti = "l2" }
tune = true
[Tuner]
executor = "slurm"
[Tuner.search_space.C]
type = "float"
low = 1.0
high = 0.1
[Evaluatr]
n_folds = 1
[Weights]
"""


def test_all_wrong_names_and_values_of_a_file_come_at_once_without_what_follows_from_them(
    check: Check,
) -> None:
    rows = "".join(f"{row},{row % 7},{row % 2}\n" for row in range(20))
    check.train(f"id,x,yields\n{rows}")
    check.configure(MANY)

    message = check.run().err

    assert sorted(message.splitlines()) == sorted(
        """\
luigi.toml [RunConfig]
  task: unknown task "Experimnt". Did you mean `Experiment`? Known: Evaluator, Experiment, \
Prediction, Preprocessor, Trainer, Tuner. They are looked for in src/tasks.
  workers: expected an integer, got "2".
luigi.toml [Dataset]
  target: "yield" is not a column of train.csv. Did you mean `yields`?
  id: "idd" is not a column of both files. Did you mean `id`?
luigi.toml [Trainer]
  estimater: unknown key. Did you mean `estimator`?
  seed: expected an integer, got "zero".
luigi.toml [Tuner]
  executor: expected one of dask, processes, serial, got "slurm".
luigi.toml [Evaluatr]
  unknown table. Did you mean `Evaluator`?
luigi.toml [Weights]
  unknown table. Known: Dataset, Evaluator, Experiment, Features, PathConfig, Prediction, \
Preprocessor, RunConfig, Trainer, Tuner.
""".splitlines()
    )


def test_an_unknown_task_does_not_hide_the_mistakes_of_the_tables(check: Check) -> None:
    because = ["Known: Evaluator", "timeout_s: must not be negative, got -1.0. 0 is no limit."]

    check.refuses("--set", "RunConfig.task=Nothing", "--set", "Tuner.timeout_s=-1", because=because)


TUNED = """\
[PathConfig]
input = "input"
[Trainer]
estimator = "sklearn.linear_model.LogisticRegression"
tune = true
[Tuner]
n_folds = 2
[Tuner.search_space]
C = { type = "float", low = 0.1, high = 10.0, log = true }
[Evaluator]
n_folds = 2
"""

TASKS = [
    ("Trainer.estimator=nodots", 'unknown estimator "nodots". Known: catboost,'),
    ("Trainer.estimator=sklern.linear_model.Ridge", "Install the package that holds it"),
    ("Trainer.estimator=sklearn.linear_modl.Ridge", "Did you mean `linear_model`?"),
    ("Trainer.estimator=sklearn.linear_model.Rigde", "Did you mean `Ridge` or `RidgeCV`?"),
    ("Trainer.estimator=math.pi", "must be a class with `fit` and `get_params`"),
    ("Trainer.estimator=sklearn.linear_model.Ridge", "Choose one that does, such as"),
    ("Trainer.params.penalti=l2", "params.penalti: unknown parameter of LogisticRegression. Did"),
    ("Trainer.params.max_iter=-3", "params.max_iter: must be an int in the range [0, inf), got -3"),
    ("Tuner.timeout_s=-1", "timeout_s: must not be negative, got -1.0. 0 is no limit."),
    ("Tuner.executor=slurm", "expected one of dask, processes, serial"),
    ("Tuner.sampler=tpee", "Choose one of: tpe, random"),
    ("Tuner.sampler=grid", "grid needs a step for each float. Add one to `C`."),
    ("Tuner.sampler_options.sed=1", "sampler_options.sed: unknown option of tpe. "),
    ("Tuner.pruner=medain", "Choose one of: none"),
    ("Tuner.scoring=acuracy", "scoring: unknown scorer `acuracy`. Did you mean `accuracy`"),
    ("Tuner.scoring=rms", "scoring: unknown scorer `rms`. Did you mean `rmse`"),
    ("Tuner.scoring=rmse", "`rmse` does not score a classification"),
    ("Tuner.scoring=sklearn.metrics.acuracy", "module `sklearn.metrics` has no `acuracy`"),
    ("Tuner.scoring=r2", "`r2` does not score a classification"),
    ("Evaluator.scoring=['acuracy']", "Did you mean `accuracy`"),
    ("Tuner.n_folds=11", "must be at most 10, the rows of the smallest class of the target, got"),
    ("Evaluator.n_folds=11", "Set n_folds = 10."),
    ("Tuner.search_space.C.low=20.0", "search_space.C: low must be below high, got low=20.0, high"),
    ("Tuner.search_space.C.low=one", "search_space.C.low: expected a finite number, got 'one'."),
    ("Tuner.search_space.C.low=0", "low must be above 0 with log = true"),
    ("Tuner.search_space.C.lwo=1", "search_space.C.lwo: unknown key. Did you mean `low`?"),
    ("Tuner.search_space.C.type=flaot", "search_space.C.type: unknown type 'flaot'. Did you mean"),
    ("Tuner.search_space.CC.type=float", "search_space.CC.high: missing. A float needs it."),
    ("Tuner.search_space.max_itr=[1, 2]", "search_space.max_itr: unknown parameter of Logistic"),
    ("Tuner.search_space.max_iter=[]", "Add at least one choice."),
    ("Tuner.search_space.max_iter=7", "search_space.max_iter: expected a list of choices or a"),
    ("Preprocessor.drop_columns=['xx']", '"xx" is not a column of the file. Did you mean `x`?'),
    ("Preprocessor.train_columns=['xx']", '"xx" is not a column of the file. Did you mean `x`?'),
    ("Preprocessor.test_columns=['xx']", '"xx" is not a column of the file. Did you mean `x`?'),
    ("Preprocessor.drop_columns=['x']", "no column is left to learn from"),
    ("Preprocessor.drop_columns=['y']", "the target or the id, which are kept as they are. Take"),
    ("Preprocessor.rename.y=z", "the target or the id, which are kept as they are. Take it out."),
    ("Preprocessor.rename.x=y", 'rename.x: another column is called "y". Choose another name.'),
    ("Preprocessor.rename.x=3", "rename.x: expected a name, got 3."),
    ("Preprocessor.types.x=int", 'types.x: unknown type "int". Did you mean `int64`?'),
    ("Preprocessor.types.xx=str", "types.xx: no such column is kept. Did you mean `x`?"),
    ("Preprocessor.train_file=gone.csv", "gone.csv. Correct the path."),
]


@pytest.mark.parametrize(("setting", "because"), TASKS, ids=[case[0] for case in TASKS])
def test_a_value_that_a_task_cannot_use_is_refused_with_its_remedy(
    check: Check, setting: str, because: str
) -> None:
    check.configure(TUNED)

    message = check.refuses("--set", setting, because=["--set [", because])

    assert "luigi.toml [" not in message


def test_tuning_without_a_search_space_is_refused_where_none_is_known(check: Check) -> None:
    estimator = "sklearn.naive_bayes.GaussianNB"
    check.configure(
        f'[PathConfig]\ninput = "input"\n[Trainer]\ntune = true\nestimator = "{estimator}"\n'
    )

    check.refuses(because=["search_space: is empty, and none is known for this estimator. Add a"])


def test_a_search_space_that_is_no_table_is_not_called_empty_too(check: Check) -> None:
    check.configure(
        "[PathConfig]\ninput='input'\n[Tuner]\nsearch_space=[1]\n[Trainer]\ntune=true\n"
    )

    message = check.refuses(because=["search_space: expected a table, got [1]."])

    assert "empty" not in message


def test_a_regression_target_refuses_a_classifier(check: Check) -> None:
    check.train("id,x,y\n" + "".join(f"{row},{row},{row / 3}\n" for row in range(30)))
    estimator = "Trainer.estimator=sklearn.linear_model.LogisticRegression"

    check.refuses(
        "--set", estimator, because=["does not fit a regression", "sklearn.linear_model.Ridge`"]
    )


A_TRAINER = json.dumps(
    {
        "task": "Trainer",
        "fingerprint": "0" * 64,
        "ingredients": {},
        "outputs": {},
        "version": MANIFEST_VERSION,
    }
)
"""The manifest of a result of Trainer."""


@pytest.mark.parametrize(
    ("folder", "because"),
    [
        ("gone", "does not exist. Name the task's folder in the artifacts of a run."),
        ("half", "has no manifest.json, so it is not a complete result. Name the task's folder"),
        ("torn", "is not a readable manifest"),
        ("trainer", "is a result of Trainer. Name a folder of Preprocessor."),
        ("", "is empty. Name the folder of a result, or take the key out."),
    ],
)
def test_a_pinned_folder_without_a_result_of_the_task_is_refused(
    check: Check, folder: str, because: str
) -> None:
    (check.folder / "half").mkdir()
    check.project.write("torn/manifest.json", '{"tas')
    check.project.write("trainer/manifest.json", A_TRAINER)

    check.refuses(
        "--set", f"PathConfig.Preprocessor={folder}",
        because=["--set [PathConfig]", "Preprocessor: ", because],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["Trainer-sede=1", "Trainer-seed=1"])
def test_a_pin_that_matches_no_instance_of_its_task_is_refused(check: Check, name: str) -> None:
    check.project.write("trainer/manifest.json", A_TRAINER)
    check.configure(f'[PathConfig]\ninput = "input"\n"{name}" = "trainer"\n')

    check.refuses(
        because=[
            f"luigi.toml [PathConfig]\n  {name}: is no task of this experiment",
            "Name one of its folders (Trainer), or take the key out.",
        ]
    )


def test_a_pin_of_a_task_that_is_not_needed_is_sound(check: Check) -> None:
    check.project.write("trainer/manifest.json", A_TRAINER)
    pin = '[PathConfig]\ninput = "input"\n"Trainer-seed=1" = "trainer"\n'
    check.configure(f'[RunConfig]\ntask = "Preprocessor"\n{pin}')

    experiment = check.load()

    assert experiment.settings.pins == {"Trainer-seed=1": str(check.folder / "trainer")}


def test_settings_of_luigi_itself_are_known(check: Check) -> None:
    experiment = check.load("--set", "worker.keep_alive=true")

    assert experiment.tables["worker"] == {"keep_alive": True}
