"""Recognising a process of this host again, even when its number was given to another."""

from __future__ import annotations

import psutil

CLOCK_TOLERANCE_S = 1.5
"""Start times are reckoned from the boot time, which the system may correct a little."""


def process_start(pid: int) -> str:
    """Return number and start time of a process, as `pid@seconds`."""
    return f"{pid}@{psutil.Process(pid).create_time():.2f}"


def is_alive(process: str) -> bool:
    """Return whether the process of a `pid@seconds` text still exists."""
    pid, _, start = process.partition("@")
    try:
        found = psutil.Process(int(pid))
        is_same = abs(found.create_time() - float(start)) < CLOCK_TOLERANCE_S
        return is_same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
