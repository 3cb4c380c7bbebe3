"""Removes what nobody can see any more: the rows of deleted studies, and of those whose creation was interrupted."""

from __future__ import annotations

import asyncio
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from grokscale.studies.store import Store, StoreError

log = structlog.stdlib.get_logger("grokscale.service.sweeper")

_BREATH_SECONDS = 0.02
"""Seconds between two transactions, so that others can write."""


class Sweeper:
    """Sweeps the database at intervals, and when it is woken. Any number of processes may do so at the same time.

    Args:
        store: the database.
        seconds: between two checks for something to remove, and for creating processes that are dead.
    """

    def __init__(self, store: Store, seconds: float = 1.0) -> None:
        self._store = store
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Sweep at once; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wanted.set)

    async def run(self) -> None:
        """Sweep until cancelled; cancelling takes no longer than one transaction."""
        while True:
            try:
                while await run_in_threadpool(self._store.sweep):
                    await asyncio.sleep(_BREATH_SECONDS)
            except StoreError as error:
                log.warning("not swept", error=str(error))
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._wanted.wait()
            self._wanted.clear()
        except TimeoutError:
            pass


async def _sweeper(request: Request) -> Sweeper:
    return request.app.state.sweeper


TheSweeper = Annotated[Sweeper, Depends(_sweeper)]
