"""The test file may be absent, and it may have the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Check

TARGET = ("--set", "Dataset.target=y")


@pytest.fixture
def alone(check: Check) -> Check:
    """Return a project whose folder of input has the training file alone."""
    (check.folder / "input" / "test.csv").unlink()
    return check


def task_names(check: Check, *settings: str) -> set[str]:
    return {task.get_task_family() for task in check.load(*settings).tasks}


def test_without_a_test_file_nothing_is_predicted(alone: Check) -> None:
    experiment = alone.load(*TARGET)

    families = {task.get_task_family() for task in experiment.tasks}
    assert "Evaluator" in families
    assert "Prediction" not in families
    notes = [note.text for note in experiment.dataset.notes]
    assert "no test.csv in the input folder: nothing is predicted" in notes
    assert list(experiment.dataset.profile.sizes) == ["train"]
    preprocessor = next(task for task in experiment.tasks if task.task_family == "Preprocessor")
    assert list(preprocessor.output()) == ["train"]


def test_a_test_file_that_is_there_can_be_left_out(check: Check) -> None:
    assert "Prediction" in task_names(check)

    assert "Prediction" not in task_names(check, *TARGET, "--set", "Dataset.test=")


def test_what_an_experiment_without_a_test_file_used_is_what_it_writes(alone: Check) -> None:
    assert alone.load(*TARGET).tables["Dataset"]["test"] == ""


def test_without_a_test_file_the_target_has_to_be_named(alone: Check) -> None:
    alone.refuses(
        because=[
            "target: cannot be inferred without a test file.",
            'Name the column to predict: target = "...". train.csv has id, x, y.',
        ]
    )

    assert alone.load(*TARGET).dataset.dataset.target == "y"


def test_a_prediction_without_a_test_file_is_refused(alone: Check) -> None:
    alone.refuses(
        *TARGET, "--set", "RunConfig.task=Prediction",
        because=["[Dataset]", "test: there is no test file to predict. Name one, or run the task"],
    )  # fmt: skip

    assert "Evaluator" in task_names(alone, *TARGET, "--set", "RunConfig.task=Evaluator")


def test_a_test_file_that_is_named_has_to_be_there(alone: Check) -> None:
    alone.refuses("--set", "Dataset.test=tset.csv", because=["tset.csv", "no such file"])


def test_an_id_of_a_lone_training_file_is_found(alone: Check) -> None:
    assert alone.load(*TARGET).dataset.dataset.id == "id"

    alone.refuses(
        *TARGET, "--set", "Dataset.id=idd", because=['"idd" is not a column of train.csv']
    )


def test_a_test_file_may_have_the_target(check: Check) -> None:
    check.test("id,x,y\n100,1,0\n101,2,1\n")

    experiment = check.load(*TARGET)

    assert experiment.dataset.dataset.target == "y"
    note = "test.csv: has y, so its rows are scored; nothing is learned from them"
    assert note in [note.text for note in experiment.dataset.notes]
    assert "Prediction" in {task.get_task_family() for task in experiment.tasks}


def test_two_files_with_the_same_columns_need_the_target_named(check: Check) -> None:
    check.test("id,x,y\n100,1,0\n101,2,1\n")

    check.refuses(
        because=["target: cannot be inferred: train has no column that test lacks.", "Name it:"]
    )
