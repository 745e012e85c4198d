"""What MLflow refuses is recorded in a form that it takes, or told while all else is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.foundation.errors import StoreError
from runforest.results.manifest import Manifest, write_manifest
from tests.conftest import wait_until
from tests.tracking.conftest import STARTED_MS, local, trial

if TYPE_CHECKING:
    from tests.tracking.conftest import Records

NAMES = ("precision@5", "../up", "a//b", "/top", "end/", "a/..", ".", "", 300 * "x", 299 * "x")
ALIKE = (249 * "y" + "!", 249 * "y" + "?")  # too long for a mark at the end


@local
def test_names_that_mlflow_refuses_are_recorded_in_another_form(records: Records) -> None:
    recorded = records.open()
    recorded.tell("metrics", {"task": "Tuner", "values": dict.fromkeys(NAMES, 1.0)})
    recorded.tell("params", {"task": "Tuner", "values": dict.fromkeys(NAMES, "1")})
    recorded.tell_trials(trial(0, params=dict.fromkeys((*NAMES, *ALIKE), 1)))

    recorded.record()

    run = recorded.client.get_run(recorded.opened.run_id)
    (child,) = recorded.children()
    assert len(run.data.metrics) == len(run.data.params) == len(NAMES) - 1  # "" and "." are one
    assert len(child.data.params) == len(NAMES) + len(ALIKE)
    assert {"precision_5", "__/up", "a/_/b"} <= set(run.data.metrics)


@local
def test_text_without_an_encoding_is_recorded_with_escapes(records: Records) -> None:
    recorded = records.open()
    odd, name = "caf\udce9", 260 * "n" + "\udce9"
    recorded.tell("params", {"task": "Tuner", "values": {"Tuner.file": odd, name: "1"}})
    recorded.tell_trials(trial(0, state="failed", reason=odd, params={"file": odd}))

    recorded.record()

    (child,) = recorded.children()
    params = recorded.client.get_run(recorded.opened.run_id).data.params
    assert (params["Tuner.file"], len(params)) == ("caf\\udce9", 2)
    assert (child.data.tags["reason"], child.data.params["file"]) == ("caf\\udce9", "caf\\udce9")


def test_a_parameter_that_changes_fails_the_run_and_costs_no_other(records: Records) -> None:
    recorded = records.open()
    for number in range(3):
        recorded.tell("params", {"task": "Tuner", "values": {"x": str(number % 2), "y": "1"}})
        recorded.tell("metrics", {"task": "Tuner", "values": {"best": number}, "step": number})
        recorded.tell("committed", {"task": f"T{number}", "duration_s": 1, "fingerprint": "feed"})
    recorded.tell_trials(trial(0))
    for number in range(3):
        folder = recorded.run.artifacts / f"T{number}"
        folder.mkdir()
        write_manifest(folder, Manifest(task="T", fingerprint="feed", ingredients={}, outputs={}))

    with pytest.raises(StoreError, match="Changing param values is not allowed"):
        recorded.record()

    run = recorded.client.get_run(recorded.opened.run_id)
    assert (run.data.params, run.data.metrics) == ({"x": "0", "y": "1"}, {"best": 2})
    assert "mlflow.runforest.result.feed" in run.data.tags
    assert recorded.names() == ["trial 0"]


def test_a_shown_trial_whose_end_is_refused_costs_no_other(records: Records) -> None:
    recorded = records.open()
    recorder = recorded.recorder()
    recorder.start()
    doomed = {"task": "Tuner", "uid": "a" * 12, "params": {"depth": 1}, "started_ms": STARTED_MS}
    recorded.tell("trial_started", doomed)
    wait_until(lambda: any(child.data.params for child in recorded.children()))
    recorded.tell_trials(trial(0), trial(1, uid="a" * 12, started_ms=-STARTED_MS), trial(2))

    with pytest.raises(StoreError, match="timestamp"):
        recorder.close()

    assert {"trial 0", "trial 2"} <= set(recorded.names())
