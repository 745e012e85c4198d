"""Names on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runforest.foundation.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

OWN_NAMES = ["cache", "index", "studies", "remote", ".runforest", "mlflow.db", "mlflow.lock"]
ODD_NAMES = ["..", ".", "/", "a/b", "../../up", "\\", "~", "a\x00b", "a\nb", "\x1b[31m", "é" * 120]


@pytest.mark.parametrize("name", OWN_NAMES + ODD_NAMES)
def test_an_experiment_of_any_name_has_a_folder_of_its_own(name: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    own = {value for value in vars(layout).values() if value != layout.output}
    layout.engine.mkdir(parents=True)
    layout.database.touch()
    layout.database.with_suffix(".lock").touch()

    folder = layout.experiment(name)

    (folder / "run").mkdir(parents=True)
    assert folder.parent == layout.output
    assert not own & {folder, *folder.rglob("*")}
    assert folder.name.isprintable()


def test_runs_on_this_machine_and_on_a_server_are_found_by_their_id(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    local, remote = layout.experiment("remote") / "r1", layout.remote_runs / "r2"
    for folder in (local, remote):
        (folder / "artifacts").mkdir(parents=True)

    assert list(layout.artifacts("r1")) == [local / "artifacts"]
    assert list(layout.artifacts("r2")) == [remote / "artifacts"]
    assert set(layout.artifacts()) == {local / "artifacts", remote / "artifacts"}
