"""A central scheduler that does not answer is named before a run is opened."""

from __future__ import annotations

import socket
import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from runforest.foundation.errors import ConfigError
from runforest.launch.execution.execute import check_scheduler
from tests.conftest import free_port

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_ends_the_program_without_a_run(project: Project) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    outcome = project.run("--set", f"RunConfig.scheduler={url}")

    assert outcome.code == 2
    assert f"scheduler: no Luigi scheduler answers at {url}" in outcome.err
    assert "Start it with `luigid`" in outcome.err
    assert "Traceback" not in outcome.err
    assert project.runs() == []


def test_a_server_that_is_no_scheduler_is_refused_without_its_password() -> None:
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://me:hidden@127.0.0.1:{server.server_port}"
        with pytest.raises(ConfigError, match="correct the address") as refused:
            check_scheduler(url)
        thread.join()

    assert "404" in str(refused.value)
    assert "hidden" not in str(refused.value)


@pytest.mark.slow
def test_a_scheduler_that_stays_silent_is_given_up_within_seconds() -> None:
    clock = time.monotonic()

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ConfigError):
        check_scheduler(f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert time.monotonic() - clock < 20  # Luigi alone tries for more than a minute
