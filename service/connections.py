"""Connections: how many there may be, and how long a client may keep one without sending a request.

uvicorn closes a connection that is idle after an answer (`timeout_keep_alive`), but waits for ever for a first
request, and for the rest of one. Its `limit_concurrency` answers 503 to the next request while a thousand clients
that never send one keep their descriptors. So each client that owes a request, or the rest of one, has a time limit
here; and if there are too many connections, the one that has kept the server waiting longest is closed.
"""

from __future__ import annotations

import asyncio
import json
import resource
from functools import partial
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from grokscale.service.problems import MEDIA_TYPE

HEADER_SECONDS = 10.0
BODY_SECONDS = 30.0
"""For a whole request: a megabyte at 35 kB/s."""
BURST = 64
"""Connections that are accepted before the loop handles any of them: asyncio accepts as many as its `backlog`."""
_SHARE = 2
"""Of this many descriptors one is for connections; the others are for the database, files and pipes."""


class Connection(H11Protocol):
    """One connection, with a clock that runs while the client owes a request or the rest of one.

    Args:
        most: connections at once.
    """

    def __init__(self, *args: Any, most: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._most = most
        self._clock: asyncio.TimerHandle | None = None
        self.owed: float | None = None
        """Seconds that the client has for what it owes; None: it owes nothing."""
        self.since = 0.0
        """When it began to owe it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; make room if there are too many connections."""
        super().connection_made(transport)
        self._set_clock()
        if len(self.connections) > self._most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Handle received data."""
        super().data_received(data)
        self._set_clock()

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        self._set_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_clock()
        super().connection_lost(exc)

    def give_up(self) -> None:
        """Close the connection without an answer, as nobody may be listening."""
        self._stop_clock()
        self.connections.discard(self)
        self.transport.abort()

    def _owes(self) -> float | None:
        if self.transport.is_closing():
            return None
        if self.cycle is None or self.cycle.response_complete:
            return HEADER_SECONDS
        return BODY_SECONDS if self.conn.their_state is h11.SEND_BODY else None

    def _set_clock(self) -> None:
        owed = self._owes()
        if owed == self.owed:
            return
        self._stop_clock()
        if owed is not None:
            self.owed, self.since = owed, self.loop.time()
            self._clock = self.loop.call_later(owed, self.give_up)

    def _stop_clock(self) -> None:
        self.owed = None
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _make_room(self) -> None:
        owing = [one for one in self.connections if isinstance(one, Connection) and one.owed is not None]
        longest = min(owing, key=lambda one: one.since, default=self)
        if longest is not self:
            longest.give_up()
            return
        self.transport.write(_FULL)  # all the others are being answered
        self._stop_clock()
        self.connections.discard(self)
        self.transport.close()


def limited(wanted: int) -> Any:
    """Return the class of connections for uvicorn, of which there are at most `wanted`, or as many as descriptors
    allow.

    The limit on descriptors is raised as far as this process is allowed to.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and soft < 2 * _SHARE * wanted:
        soft = min(hard, 2 * _SHARE * wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft // _SHARE)
    return partial(Connection, most=most)


_PROBLEM = json.dumps(
    {
        "type": "urn:grokscale:problem:busy",
        "title": "Too many such requests at once",
        "status": 503,
        "detail": "this server has as many connections as it takes, all of them in use",
        "errors": [],
    }
).encode()
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (MEDIA_TYPE.encode(), len(_PROBLEM), _PROBLEM)
)
