"""The tags that Runforest writes and reads; MLflow's page hides those that begin with `mlflow.`."""

from __future__ import annotations

PARENT_TAG = "mlflow.parentRunId"
NAME_TAG = "mlflow.runName"
NOTE_TAG = "mlflow.note.content"
"""What MLflow's page shows as the description of a run."""

USER_TAG = "mlflow.user"
SOURCE_TAG = "mlflow.source.name"
SOURCE_TYPE_TAG = "mlflow.source.type"
COMMIT_TAG = "mlflow.source.git.commit"
ROLE_TAG = "mlflow.data.context"
"""The role of an input file: `train` or `test`."""

EXPERIMENT_KIND_TAG = "mlflow.experimentKind"

PROJECT_TAG = "mlflow.runforest.project"
"""Folder of the project that a run is of, which alone has the run's journal."""

PROCESS_TAG = "mlflow.runforest.process"
"""Name of the lock file of a run; a child run has none, nor has a run of another program."""

STUDY_TAG = "mlflow.runforest.study"
TRIAL_TAG = "mlflow.runforest.trial"
TRIALS_TAG = "mlflow.runforest.trials"
"""Ids of the runs that have earlier trials of a run's study, separated by blanks."""

RESULT_TAG = "mlflow.runforest.result."
"""Beginning of the tag of a run that holds a result; its end is the fingerprint.

The fingerprint stands in the key because keys are indexed and values are not. Of two tasks of a run
with equal results, it names the one that computed it: the other's manifest points there.
"""

DIRTY_TAG = "git.dirty"
GIT_PROBLEM_TAG = "git.problem"
"""Why a run records no commit."""

TASKS_TAG = "tasks"
"""What became of each task of a run."""

REASON_TAG = "reason"
"""Why a trial was pruned or failed."""

RUNNING_NAME = "trial (running)"
KILLED_NAME = "trial (killed)"
