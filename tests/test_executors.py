"""Executors run calls behind the standard protocol."""

from __future__ import annotations

import os
from concurrent.futures import wait

import pytest

from runforest.executors import EXECUTORS, SINGLE_THREAD, SerialExecutor, open_executor


@pytest.mark.parametrize("name", EXECUTORS)
def test_an_executor_returns_the_result_of_a_call(name: str) -> None:
    with open_executor(name, 1) as executor:
        future = executor.submit(divmod, 7, 2)

        assert future.result(timeout=60) == (3, 1)


@pytest.mark.parametrize("name", EXECUTORS)
def test_an_executor_hands_an_error_to_the_future(name: str) -> None:
    with open_executor(name, 1) as executor:
        future = executor.submit(int, "zero")

        assert isinstance(future.exception(timeout=60), ValueError)


def test_worker_processes_have_one_thread_each() -> None:
    with open_executor("processes", 2) as executor:
        futures = [executor.submit(os.getenv, name) for name in SINGLE_THREAD]

        assert {future.result(timeout=60) for future in futures} == {"1"}


def test_worker_processes_are_not_this_process() -> None:
    with open_executor("processes", 1) as executor:
        assert executor.submit(os.getpid).result(timeout=60) != os.getpid()


def test_cancelling_ends_a_running_call() -> None:
    executor = open_executor("processes", 1)
    executor.submit(os.getpid).result(timeout=60)
    running = executor.submit(__import__("time").sleep, 600)

    executor.shutdown(cancel_futures=True)

    assert wait([running], timeout=60).done == {running}


def test_the_serial_executor_lets_an_interrupt_through() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SerialExecutor().submit(interrupt)


def test_an_unknown_executor_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="Choose one of: serial, processes"):
        open_executor("threads", 1)


def test_no_worker_is_refused() -> None:
    with pytest.raises(ValueError, match="Use 1 for one worker"):
        open_executor("serial", 0)
