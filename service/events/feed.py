"""One poller per process asks for new events of the studies that have listeners, and wakes the listeners of those
that have some.

Events are read and formatted a page at a time, once for all listeners. A page holds the events of a fixed range of
numbers, and a listener takes from it what comes after its own place. So a listener that comes late, or is slow,
delays nobody, misses nothing, and costs no more than the bytes that it is sent.
"""

from __future__ import annotations

import asyncio
import bisect
from collections import OrderedDict
from collections.abc import AsyncGenerator

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from grokscale.service.events.models import Event
from grokscale.studies.store import EventRecord, Head, Store, StoreError

PAGE = 256
"""Event numbers in a page: some 80 kB, which a listener is sent at once."""
PAGES = 256
"""Pages that are kept: the last 65,000 events that were asked for."""
PING_SECONDS = 15.0
"""A listener that got nothing for so long is sent a comment, so that proxies keep the connection open."""

log = structlog.stdlib.get_logger("grokscale.service.events")


class Page:
    """Events of a range of numbers, as they are sent.

    Attributes:
        through: the number up to which events were read.
    """

    def __init__(self, first: int) -> None:
        self.through = first - 1
        self._numbers: list[int] = []
        self._ends: list[int] = [0]
        self._text = b""

    def extend(self, events: list[EventRecord], through: int) -> None:
        """Format the next events and add them."""
        written = [format_event(event) for event in events]
        for event, text in zip(events, written, strict=True):
            self._numbers.append(event.seq)
            self._ends.append(self._ends[-1] + len(text))
        self._text += b"".join(written)
        self.through = through

    def after(self, number: int) -> bytes:
        """Return the events after a number."""
        return self._text[self._ends[bisect.bisect_right(self._numbers, number)] :]


def format_event(record: EventRecord) -> bytes:
    """Return an event in the format of a stream."""
    event = Event.model_validate(record)
    return format_sse_event(data_str=event.model_dump_json(), event=event.type, id=str(event.seq))


class _Topic:
    """A study that has listeners."""

    def __init__(self) -> None:
        self.head = Head(0, ended=False)
        self.listeners = 0
        self.moved = asyncio.Event()
        self.reading = asyncio.Lock()


class Feed:
    """Sends the events of studies to any number of listeners. All of it runs on one event loop.

    Args:
        store: where events are written.
        seconds: between two looks for new events.
    """

    def __init__(self, store: Store, seconds: float = 0.5) -> None:
        self._store = store
        self._seconds = seconds
        self._topics: dict[str, _Topic] = {}
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()
        self._wanted = asyncio.Event()
        self._closing = False
        self._threads = CapacityLimiter(2)

    @property
    def listeners(self) -> int:
        """How many there are."""
        return sum(topic.listeners for topic in self._topics.values())

    async def run(self) -> None:
        """Poll while there are listeners, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._poll()
            if self._topics:
                await self._pause()
                self._wanted.set()

    def close(self) -> None:
        """End the streams of all listeners, because the server is shutting down."""
        self._closing = True
        for topic in self._topics.values():
            topic.moved.set()

    async def listen(self, study_id: str, after: int) -> AsyncGenerator[bytes]:
        """Yield a study's events after `after` as they come, formatted, and a comment now and then if none come.

        It ends when the study has ended, or was deleted, and all events were sent.
        """
        topic = self._topics.setdefault(study_id, _Topic())
        topic.listeners += 1
        self._wanted.set()
        sent = after
        head = topic.head
        try:
            while not self._closing:
                if sent >= head.seq:
                    if head.ended:
                        return
                    moved = topic.moved
                    if topic.head == head and not await _within(PING_SECONDS, moved):
                        yield KEEPALIVE_COMMENT
                    head = topic.head
                    continue
                number = sent // PAGE
                page = await self._page(topic, study_id, number, head.seq)
                if page is None:  # the database does not answer now
                    await asyncio.sleep(self._seconds)
                    head = topic.head
                    continue
                if text := page.after(sent):
                    yield text
                sent = page.through
        finally:
            topic.listeners -= 1
            if not topic.listeners:
                self._topics.pop(study_id, None)

    async def _page(self, topic: _Topic, study_id: str, number: int, head: int) -> Page | None:
        """Return a page of a study with the events that there are now; None if it cannot be read."""
        last = min((number + 1) * PAGE, head)
        async with topic.reading:  # the first listener reads, the others find it read
            page = self._pages.pop((study_id, number), None) or Page(number * PAGE + 1)
            if page.through < last:
                try:
                    events = await to_thread.run_sync(
                        self._store.events, study_id, page.through, last - page.through, limiter=self._threads
                    )
                except StoreError as error:
                    log.warning("events not read", error=str(error))
                    return None
                page.extend([event for event in events if event.seq <= last], last)
            self._pages[study_id, number] = page
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
            return page

    async def _poll(self) -> None:
        """Ask for the latest event of each study; wake the listeners of studies that have new ones."""
        asked = list(self._topics)
        try:
            heads = await to_thread.run_sync(self._store.heads, asked, limiter=self._threads)
        except StoreError as error:
            log.warning("events not read", error=str(error))
            return
        for study_id in asked:
            topic = self._topics.get(study_id)
            head = heads.get(study_id, Head(0, ended=True))
            if topic is not None and topic.head != head:
                topic.head = head
                topic.moved.set()
                topic.moved = asyncio.Event()

    async def _pause(self) -> None:
        """Wait for the next look, which comes at once for a new listener."""
        await _within(self._seconds, self._wanted)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for a signal for some time; return whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
