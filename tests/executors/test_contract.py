"""What all executors do alike."""

from __future__ import annotations

import operator
import os
import sys
import threading
import time
from concurrent.futures import wait
from typing import TYPE_CHECKING

import pytest

from runforest.executors import EXECUTORS, SINGLE_THREAD, SerialExecutor, share_file
from tests.executors.conftest import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from pathlib import Path

REMOTE = [name for name in KINDS if name != "serial"]
ENDING = [name for name in REMOTE if name != "dask-local"]
"""Without another start of a cluster: `dask/test_local_cluster.py` shows how one ends."""


@pytest.fixture(scope="module", params=KINDS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Return an executor of each kind."""
    with KINDS[request.param](address_for(request.param, request)) as opened:
        yield opened


def test_every_executor_is_tested() -> None:
    assert {name.partition("-")[0] for name in KINDS} == set(EXECUTORS)


def test_an_executor_returns_the_result_of_a_call(executor: Executor) -> None:
    assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


def test_an_executor_hands_an_error_to_the_future(executor: Executor) -> None:
    error = executor.submit(int, "zero").exception(timeout=60)

    assert isinstance(error, ValueError)
    assert "invalid literal" in str(error)


def test_an_error_that_does_not_survive_pickling_becomes_its_text(executor: Executor) -> None:
    class CodedError(Exception):  # It can be pickled, but not read again.
        def __init__(self, code: int, place: str) -> None:
            super().__init__(f"{code} at {place}")

    class LockedError(Exception):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            self.lock = threading.Lock()

    def fail(kind: type[Exception], *args: object) -> None:
        raise kind(*args)

    failed = [executor.submit(fail, CodedError, 7, "fit"), executor.submit(fail, LockedError, "no")]

    texts = [f"{type(error).__name__}: {error}" for error in (f.exception(60) for f in failed)]
    assert [text.removeprefix("RuntimeError: ") for text in texts] == [
        "CodedError: 7 at fit",
        "LockedError: no",
    ]
    assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


@pytest.mark.parametrize("executor", REMOTE, indirect=True)
def test_an_error_without_a_text_that_does_not_survive_pickling_is_named(
    executor: Executor,
) -> None:
    class LockedError(Exception):
        def __init__(self) -> None:
            self.lock = threading.Lock()

    def fail() -> None:
        raise LockedError

    assert str(executor.submit(fail).exception(60)) == "LockedError"


def test_an_executor_takes_more_calls_than_it_has_workers(executor: Executor) -> None:
    futures = [executor.submit(operator.mul, number, 3) for number in range(20)]

    assert [future.result(timeout=60) for future in futures] == [3 * each for each in range(20)]


def test_a_call_after_an_error_succeeds(executor: Executor) -> None:
    executor.submit(divmod, 1, 0).exception(timeout=60)

    assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


def test_keywords_reach_the_call(executor: Executor) -> None:
    assert executor.submit(int, "ff", base=16).result(timeout=60) == 255


def test_workers_read_a_shared_file(executor: Executor, tmp_path: Path) -> None:
    file = tmp_path / "table.bin"
    file.write_bytes(bytes(range(256)))

    shared = share_file(executor, file)

    read = executor.submit(lambda location: location().read_bytes(), shared)
    assert read.result(timeout=60) == bytes(range(256))


@pytest.mark.parametrize("executor", REMOTE, indirect=True)
def test_a_call_that_cannot_be_pickled_fails_with_the_reason(executor: Executor) -> None:
    error = executor.submit(dict, alpha=1.0, callback=threading.Lock()).exception(timeout=60)

    assert str(error).startswith("a call cannot be sent between processes (cannot pickle '_thread")
    assert 'use executor = "serial"' in str(error)
    assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


@pytest.mark.parametrize("executor", REMOTE, indirect=True)
def test_a_result_that_cannot_be_pickled_fails_with_the_reason(executor: Executor) -> None:
    error = executor.submit(lambda: {"lock": threading.Lock()}).exception(timeout=60)

    assert str(error).startswith("the result of a call cannot be sent between processes (cannot")
    assert 'use executor = "serial"' in str(error)
    assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


@pytest.mark.parametrize("executor", REMOTE, indirect=True)
def test_what_calls_print_is_never_waited_for(executor: Executor) -> None:
    def chat() -> None:
        for _ in range(20):
            sys.stdout.write("x" * 10_000 + "\n")  # More than a pipe holds.
            sys.stdout.flush()

    executor.submit(chat).result(timeout=60)


@pytest.mark.parametrize("executor", ["processes", "dask-local"], indirect=True)
def test_workers_of_this_machine_have_one_thread_each(executor: Executor) -> None:
    futures = [executor.submit(os.getenv, variable) for variable in SINGLE_THREAD]

    assert {future.result(timeout=60) for future in futures} == {"1"}
    assert executor.submit(os.getpid).result(timeout=60) != os.getpid()


@pytest.mark.parametrize("name", ENDING)
def test_an_executor_ends_after_its_calls(name: str, request: pytest.FixtureRequest) -> None:
    with KINDS[name](address_for(name, request)) as opened:
        future = opened.submit(time.sleep, 0.5)

    assert future.done()
    assert future.exception() is None
    with pytest.raises(RuntimeError):
        opened.submit(divmod, 7, 2)


@pytest.mark.parametrize("name", ENDING)
def test_an_error_of_the_block_gives_up_running_calls(
    name: str, request: pytest.FixtureRequest
) -> None:
    opened = KINDS[name](address_for(name, request))
    opened.submit(os.getpid).result(timeout=60)
    running = opened.submit(time.sleep, 5)

    opened.__exit__(KeyboardInterrupt, None, None)

    assert wait([running], timeout=60).done == {running}


def test_the_serial_executor_lets_an_interrupt_through() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialExecutor().submit(interrupt)


def address_for(name: str, request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("shared_cluster").address if name == "dask-address" else ""
