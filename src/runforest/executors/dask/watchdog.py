"""Watching over a cluster: a scheduler that is silent, or has no worker left, is told of."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

CHECK_S = 2.0
SILENCE_S = 20.0
WORKERLESS_S = 60.0


async def watch(
    client: Client, address: str, workerless_s: float, tell: Callable[[str], None]
) -> None:
    """Look after the cluster until something is wrong with it, and tell that.

    A worker that waits for memory to become free does not count: if all do, all do for ever.
    """
    seen_s = time.monotonic()
    while True:
        await asyncio.sleep(CHECK_S)
        try:
            statuses = await asyncio.wait_for(_worker_statuses(client), SILENCE_S)
        except (OSError, TimeoutError):
            tell(
                f"the scheduler at {address} has not answered for {SILENCE_S:.0f} s. See whether "
                "it still runs, start it and its workers again, then run again."
            )
            return
        if "running" in statuses:
            seen_s = time.monotonic()
        elif time.monotonic() - seen_s > workerless_s:
            state = "all its workers wait for memory" if statuses else "no worker is left"
            tell(
                f"the scheduler at {address} has had nobody to work for {workerless_s:.0f} s: "
                f"{state}. Start workers, or larger ones, then run again."
            )
            return


async def _worker_statuses(client: Client) -> set[str]:
    if client.scheduler is None:  # The client gave up.
        message = "not connected"
        raise ConnectionError(message)
    identity = await client.scheduler.identity(n_workers=-1)
    return {worker["status"] for worker in identity["workers"].values()}
