"""A scratch project that tunes an estimator whose cost is set: tracked, and the same study bare."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import timed_estimators
from benchmarks.measure import Usage, clean_environment, measure
from benchmarks.store_watch import StoreWatch
from benchmarks.timeline import Timeline, read_timeline
from benchmarks.workspace import Workspace, commit_all, copy_project, create_store, write_files

if TYPE_CHECKING:
    from benchmarks.tracking_server import TrackingServer

SCRIPTS = Path(__file__).resolve().parent / "scripts"
ESTIMATOR = "tasks.timed_estimators.Timed"
SCORING = "neg_mean_squared_error"
SPACE = {name: {"type": "float", "low": 0.0, "high": 1.0} for name in "abcd"}
N_ROWS = 20
SETTINGS, RESULT = "settings.json", "result.json"
CONFIG = f"""
[RunConfig]
experiment_name = "study"
task = "Tuner"
reuse = false

[PathConfig]
input = "./data/"

[Dataset]
target = "y"
id = "id"
kind = "regression"

[Trainer]
estimator = "{ESTIMATOR}"

[Tuner]
scoring = "{SCORING}"

[Tuner.search_space]
{"".join(f'{name} = {{ type = "float", low = 0.0, high = 1.0 }}' + chr(10) for name in SPACE)}
"""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is tuned, and how; `work_s` is the processor's time for each fold."""

    n_trials: int
    sampler: str = "random"
    n_folds: int = 2
    work_s: float = 0.0
    holds_interpreter: bool = True
    executor: str = "serial"
    n_jobs: int = 1
    pruner: str = "none"
    pruner_options: dict[str, object] = field(default_factory=dict)

    @property
    def params(self) -> dict[str, object]:
        """The fixed parameters of the estimator."""
        return {"work_s": self.work_s, "holds_interpreter": self.holds_interpreter}

    def options(self) -> list[str]:
        """Return the study as options of the command line."""
        tuner = {
            key: value
            for key, value in asdict(self).items()
            if key not in (*self.params, "pruner_options")
        }
        settings = {f"Tuner.{key}": value for key, value in tuner.items()}
        settings |= {f"Trainer.params.{key}": value for key, value in self.params.items()}
        settings |= {
            f"Tuner.pruner_options.{key}": value for key, value in self.pruner_options.items()
        }
        pairs = (f"{key}={json.dumps(value)}" for key, value in settings.items())
        return [part for pair in pairs for part in ("--set", pair)]


class TunerProject:
    """The project, with an empty store; each study has an experiment of its own."""

    def __init__(self, root: Path) -> None:
        self.space = Workspace(root, "tuner")
        self.folder = self.space.folder
        self.experiment = ""
        self._n_studies = 0
        copy_project(self.folder, "src", ".gitignore")
        shutil.copy2(timed_estimators.__file__, self.folder / "src" / "tasks")
        write_files(self.folder, {"luigi.toml": CONFIG, **_tables()})
        commit_all(self.folder)
        create_store(self.folder)
        self.space.keep("new")

    def tracked(self, study: Study, server: TrackingServer | None = None) -> Timeline:
        """Run the whole experiment, by default with a new local store; return the store's times."""
        self.space.put_back("new")
        self._n_studies += 1
        self.experiment = f"runforest-{self._n_studies}"
        command = [sys.executable, "src/runner.py", *study.options()]
        command += ["--set", f"RunConfig.experiment_name={self.experiment}"]
        uri = {"MLFLOW_TRACKING_URI": server.url} if server else {}
        database = server.database if server else self.folder / "mlruns" / "mlflow.db"
        with StoreWatch(database, self.experiment) as watch:
            usage = measure(command, self.folder, clean_environment(**uri))
        return replace(watch.timeline(study.n_trials), memory_mib=usage.memory_mib)

    def untracked(self, study: Study, *, warm_up: bool = False) -> Timeline:
        """Run the study alone, and return when the work of its trials ended."""
        usage = self.run_script("untracked_study.py", study, warm_up=warm_up)
        times = read_timeline(self.folder / RESULT, n_trials=study.n_trials)
        return replace(times, memory_mib=usage.memory_mib)

    def run_script(self, script: str, study: Study, *options: str, warm_up: bool = False) -> Usage:
        """Run a script, in the project, that reads what to do from a file and writes times."""
        self.space.put_back("new")
        settings = {
            **asdict(study),
            "params": study.params,
            "estimator": ESTIMATOR,
            "scoring": SCORING,
            "space": SPACE,
            "target": "y",
            "table": "table.csv",
            "warm_up": warm_up,
        }
        write_files(self.folder, {SETTINGS: json.dumps(settings)})
        environment = clean_environment(PYTHONPATH=str(self.folder / "src"))
        command = [sys.executable, str(SCRIPTS / script), *options, SETTINGS, RESULT]
        return measure(command, self.folder, environment)


def _tables() -> dict[str, str]:
    """Return the smallest data: cross-validation costs little beside what the estimator does."""
    rows = [(number, number % 7, number / N_ROWS) for number in range(N_ROWS)]
    train = "".join(f"{number},{x},{y}\n" for number, x, y in rows)
    test = "".join(f"{number},{x}\n" for number, x, _ in rows)
    bare = "".join(f"{x},{y}\n" for _, x, y in rows)
    return {
        "data/train.csv": f"id,x,y\n{train}",
        "data/test.csv": f"id,x\n{test}",
        "table.csv": f"x,y\n{bare}",
    }
