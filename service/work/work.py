"""The expensive work that a request may have done, as long as its client is connected."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any, TypeVar
from weakref import WeakValueDictionary

import pyarrow as pa
from anyio import Lock, create_task_group, from_thread
from fastapi import Depends, Request

from grokscale.service.problems import ApiError
from grokscale.service.work.fitters import FITTERS
from grokscale.service.work.rooms import Room

T = TypeVar("T")
SMALL = 5_000
"""Rows. A law of so many rows takes a twentieth of a second, for which a process is not worth its cost."""


class ClientLeft(ApiError):
    """Nobody is there to be answered. Seen in the log alone."""

    status, kind, title = 499, "client-left", "The client has left"


class Rooms:
    """The rooms of one application."""

    def __init__(self) -> None:
        self.charts = Room("charts", at_once=2, waiting=16, patience=10)
        self.laws = Room("laws and diagrams", at_once=4, waiting=32, patience=10)
        self.fits = Room("fits", at_once=2, waiting=8, patience=30)
        self.specifications = Room("specifications", at_once=2, waiting=64, patience=30)
        self.tables = Room("imports", at_once=2, waiting=16, patience=60)
        self._alone: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()

    def alone(self, key: Hashable | None) -> AbstractAsyncContextManager[Any]:
        """Hold a key, unless it is None; another caller with an equal key waits."""
        if key is None:
            return nullcontext()
        return self._alone.setdefault(key, Lock())


class Work:
    """The expensive part of one request. Each method calls a function in a thread of its room.

    All of them raise `Busy` if there is no place in time, and stop waiting when the client leaves.
    """

    def __init__(self, request: Request, rooms: Rooms, fit_seconds: float) -> None:
        self._request = request
        self._rooms = rooms
        self._fit_seconds = fit_seconds

    async def chart(self, function: Callable[..., T], *args: Any) -> T:
        """Draw."""
        return await self._in(self._rooms.charts, function, *args)

    async def law(self, function: Callable[..., T], *args: Any) -> T:
        """Read a study's trials and say what they have in common."""
        return await self._in(self._rooms.laws, function, *args)

    async def fit(self, function: Callable[..., T], *args: Any, alone: Hashable | None = None) -> T:
        """Make a fit to be stored; several with an equal `alone` are made one after the other."""
        return await self._in(self._rooms.fits, function, *args, alone=alone)

    async def specification(self, function: Callable[..., T], *args: Any) -> T:
        """Read a specification and plan it."""
        return await self._in(self._rooms.specifications, function, *args)

    async def table(self, function: Callable[..., T], *args: Any) -> T:
        """Read a table of runs and store it."""
        return await self._in(self._rooms.tables, function, *args)

    def of(self, function: Callable[..., T], table: pa.Table, *args: Any, **options: Any) -> T:
        """Call a function of a table; return what it returns. Call this in a room: a large table is sent to a
        process.

        Raises:
            FitTooLong, FitterGone: see `Fitters`.
        """
        if len(table) <= SMALL:
            return function(table, *args, **options)
        return self.apart(function, table, *args, **options)

    def apart(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call a function in a process; return what it returns. Call this in a room.

        Raises:
            FitTooLong, FitterGone: see `Fitters`.
        """

        async def run() -> T:
            return await FITTERS.run(self._fit_seconds, function, *args, **options)

        return from_thread.run(run)

    async def _in(self, room: Room, function: Callable[..., T], *args: Any, alone: Hashable | None = None) -> T:
        answers: list[T] = []
        errors: list[Exception] = []  # a task group would raise one in a group
        async with create_task_group() as group:

            async def end_with_client() -> None:
                while (await self._request.receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(end_with_client)
            try:
                async with self._rooms.alone(alone):
                    answers.append(await room.run(lambda: function(*args)))
            except Exception as error:
                if not group.cancel_scope.cancel_called:
                    errors.append(error)
            group.cancel_scope.cancel()
        if errors:
            raise errors[0]
        if not answers:
            raise ClientLeft("the client closed the connection")
        return answers[0]


async def _work(request: Request) -> Work:
    state = request.app.state
    return Work(request, state.rooms, state.settings.fit_seconds)


TheWork = Annotated[Work, Depends(_work)]
