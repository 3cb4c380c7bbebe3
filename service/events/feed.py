"""One poller a process reads new events of all studies that someone listens to, and hands them to the listeners.

A listener begins at any number: what it has not seen yet is read for it by the same poller. A listener that does not
keep up is left out until it has room again and then goes on where it was, so that nobody waits for it and it misses
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from fastapi.concurrency import run_in_threadpool

from studies.lifecycle import ENDED
from studies.store import EventRecord, NotFound, Store, StoreError

BATCH = 1000
ROOM = 2 * BATCH
LOOK_SECONDS = 15.0
"""How long a listener may hear nothing before it asks whether its study still can say something."""

log = structlog.stdlib.get_logger("service.events")


class _Listener:
    def __init__(self, study_id: str, position: int) -> None:
        self.study_id = study_id
        self.position = position
        self.queue: asyncio.Queue[EventRecord | None] = asyncio.Queue()

    @property
    def has_room(self) -> bool:
        return self.queue.qsize() <= ROOM - BATCH

    def take(self, event: EventRecord) -> None:
        if event.seq > self.position:
            self.position = event.seq
            self.queue.put_nowait(event)


class Feed:
    """The events of studies to any number of listeners. All of it lives on one event loop.

    Args:
        store: where events are written.
        seconds: between two looks for new events.
    """

    def __init__(self, store: Store, seconds: float = 0.5) -> None:
        self._store = store
        self._seconds = seconds
        self._listeners: set[_Listener] = set()
        self._wanted = asyncio.Event()
        self._closing = False

    async def run(self) -> None:
        """Poll while there are listeners, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            more = await self._poll()
            if self._listeners and not more:
                await self._pause()
            if self._listeners:
                self._wanted.set()

    def close(self) -> None:
        """End the streams of all listeners: the server is going down."""
        self._closing = True
        for listener in self._listeners:
            listener.queue.put_nowait(None)

    async def listen(self, study_id: str, after: int) -> AsyncIterator[EventRecord]:
        """Yield a study's events with `seq > after` as they come; end when it has ended and all were sent."""
        listener = _Listener(study_id, after)
        self._listeners.add(listener)
        self._wanted.set()
        sent = after
        look = True
        try:
            while not self._closing:
                if look and listener.queue.empty():
                    if await run_in_threadpool(self.is_over, study_id, sent):
                        return
                    look = False
                event = await self._next(listener)
                look = look or event is None
                while event is not None:
                    yield event
                    sent = event.seq
                    look = look or event.data.get("state") in ENDED
                    event = None if listener.queue.empty() else listener.queue.get_nowait()
        finally:
            self._listeners.discard(listener)

    def is_over(self, study_id: str, after: int) -> bool:
        """Whether a study has ended and has no event beyond `after`."""
        try:
            # the state first: an event written in between is then seen below
            return self._store.state(study_id) in ENDED and not self._store.events(study_id, after, 1)
        except NotFound:
            return True
        except StoreError:
            return False

    async def _next(self, listener: _Listener) -> EventRecord | None:
        """Return the next event; None when it is time to look whether there can be one."""
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await listener.queue.get()
        except TimeoutError:
            return None

    async def _pause(self) -> None:
        """Wait for the next look; a new listener is looked after at once."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _poll(self) -> bool:
        """Read once for all listeners; return whether there may be more at once."""
        since: dict[str, int] = {}
        able = [listener for listener in self._listeners if listener.has_room]
        for listener in able:
            since[listener.study_id] = min(since.get(listener.study_id, listener.position), listener.position)
        try:
            events = await run_in_threadpool(self._store.latest_events, since, BATCH)
        except StoreError as error:
            log.warning("events not read", error=str(error))
            return False
        for event in events:
            for listener in able:
                if listener.study_id == event.study_id:
                    listener.take(event)
        return len(events) == BATCH
