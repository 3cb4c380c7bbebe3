"""Normalises different ways to write the same request, before anything else looks at it."""

from __future__ import annotations

from urllib.parse import quote

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LISTS = (b"accept", b"if-none-match")
"""Headers whose value is a list, so that several of them count as one (RFC 9110, section 5.3)."""


class Spelling:
    """ASGI middleware that removes a slash at the end of a path, and joins several lines of a header that is a list."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": _joined(scope)}
            path = scope["path"]
            if path.endswith("/") and path.strip("/"):
                scope["path"] = path[:-1]
                scope["raw_path"] = quote(path[:-1], safe="/:@!$&'()*+,;=~").encode()
        await self.app(scope, receive, send)


def _joined(scope: Scope) -> list[tuple[bytes, bytes]]:
    found = Headers(scope=scope)
    lists = [(name, ", ".join(found.getlist(name.decode())).encode("latin-1")) for name in _LISTS]
    return [(name, value) for name, value in scope["headers"] if name not in _LISTS] + [one for one in lists if one[1]]


class Heads:
    """ASGI middleware that answers HEAD as GET but without the body, and without waiting for the body to be made."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered.cancel()

        with anyio.CancelScope() as answered:
            await self.app({**scope, "method": "GET"}, receive, send_head)
