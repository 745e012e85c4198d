"""An executor that breaks ends the study, which says how to go on and keeps what it has."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Future

import pytest

from runforest.executors import SerialExecutor, open_executor
from runforest.foundation.errors import StudyError
from runforest.tuning.space.table import parse_space
from tests.tuning.studies import SPACE, Recording, make_study, run, write_model

SAFE = {"alpha": {"type": "float", "low": 1e-3, "high": 0.9, "log": True}}


def test_a_worker_that_dies_is_explained(tmp_path, monkeypatch) -> None:
    path = write_model(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGKILL)")

    with (
        open_executor("processes", 1) as executor,
        pytest.raises(StudyError, match=r"want of memory\. Use fewer n_jobs"),
    ):
        run(make_study(path), executor=executor)


@pytest.mark.slow
def test_a_trial_that_kills_its_worker_can_be_left_out(tmp_path, monkeypatch) -> None:
    fit = "self.alpha < 1.0 or os.kill(os.getpid(), signal.SIGKILL)"
    path, file = write_model(tmp_path, monkeypatch, fit), tmp_path / "study.log"
    for _ in range(2):
        with (
            open_executor("processes", 1) as executor,
            pytest.raises(
                StudyError, match=r"again first: \{'alpha': .*\}\. If .* narrow the search"
            ),
        ):
            run(
                make_study(path, space={"alpha": SPACE["alpha"]}),
                executor=executor,
                study_file=file,
            )

    with open_executor("processes", 1) as executor:
        result = run(make_study(path, space=parse_space(SAFE)), executor=executor, study_file=file)

    assert len(result.trials) == 6
    assert {trial.state for trial in result.trials} == {"complete"}


@pytest.mark.parametrize("order", [[True, False], [False, True]])
def test_a_trial_that_ends_while_the_executor_breaks_is_recorded(order, tmp_path) -> None:
    class Breaking(SerialExecutor):
        def submit(self, fn, /, *args, **kwargs) -> Future:
            if order.pop(0):
                return super().submit(fn, *args, **kwargs)
            future = Future()
            future.set_exception(BrokenExecutor("gone."))
            return future

    with pytest.raises(StudyError, match=r"gone\. The finished trials are stored"):
        run(make_study(), executor=Breaking(), n_jobs=2, study_file=tmp_path / "study.log")

    told = Recording()
    run(make_study(n_trials=1), study_file=tmp_path / "study.log", listener=told)
    assert [trial.state for trial in told.earlier] == ["complete"]
