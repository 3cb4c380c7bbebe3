"""Rooms: they serve a few requests of one kind at a time, let some wait for a while, and answer 503 to the rest."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from anyio import CapacityLimiter, fail_after, to_thread

from grokscale.service.problems import ApiError

T = TypeVar("T")
COME_AGAIN_SECONDS = 2


class Busy(ApiError):
    """The server is at as many such requests as it takes at once; come again after `Retry-After` seconds."""

    status, kind, title = 503, "busy", "Too many such requests at once"


class Room:
    """Places for one kind of work, with threads of their own.

    Args:
        work: the kind of work, as a refusal names it.
        at_once: places.
        waiting: how many requests may wait for a place.
        patience: seconds that a request waits.
    """

    def __init__(self, work: str, at_once: int, waiting: int, patience: float) -> None:
        self._work = work
        self._at_once = at_once
        self._waiting = waiting
        self._patience = patience
        self._places = CapacityLimiter(at_once)
        self._threads = CapacityLimiter(at_once)

    async def run(self, function: Callable[[], T]) -> T:
        """Call a function in a thread once there is a place; return what it returns.

        Raises:
            Busy: there is no place in time.
        """
        async with self._place():
            return await to_thread.run_sync(function, limiter=self._threads)

    @asynccontextmanager
    async def _place(self) -> AsyncGenerator[None]:
        if self._places.statistics().tasks_waiting >= self._waiting:
            raise self._full()
        guest = object()
        try:
            with fail_after(self._patience):
                await self._places.acquire_on_behalf_of(guest)
        except TimeoutError:
            raise self._full() from None
        try:
            yield
        finally:
            self._places.release_on_behalf_of(guest)

    def _full(self) -> Busy:
        detail = f"{self._at_once} {self._work} are under way and others wait: ask again in {COME_AGAIN_SECONDS} s"
        return Busy(detail, headers={"Retry-After": str(COME_AGAIN_SECONDS)})
