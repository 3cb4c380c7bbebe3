"""Limits on a request's body: its length, both as declared and as it arrives, and that it is not encoded.

Starlette's own limiter answers in plain text; every error here is a problem document.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grokscale.service import problems

SPECIFICATIONS = frozenset({"/v1/studies", "/v1/studies:validate"})
"""Paths whose bodies are read in a thread."""
TABLES = frozenset({"/v1/studies:import"})
"""Paths whose bodies are read in a process of their own."""
ELSEWHERE = 1 << 16
"""Bytes of any other body, which is read on the event loop: a megabyte would stop all other requests for half a
second."""


class BodyLimit:
    """ASGI middleware that refuses a body that is too large with 413, and one that is encoded with 415.

    Args:
        app: the application.
        most: bytes of a specification.
        most_of_tables: bytes of a table of runs; other bodies have at most `ELSEWHERE`.
    """

    def __init__(self, app: ASGIApp, most: int, most_of_tables: int) -> None:
        self.app = app
        self._most = dict.fromkeys(SPECIFICATIONS, most) | dict.fromkeys(TABLES, most_of_tables)
        self._elsewhere = min(most, ELSEWHERE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        codings = ", ".join(headers.getlist("content-encoding"))
        if codings.strip().lower() not in {"", "identity"}:
            detail = f"a body with Content-Encoding {codings!r} is not read here; accepted: identity, or none"
            refusal = problems.UnsupportedMediaType(detail, headers={"Accept-Encoding": "identity"})
            await problems.respond(scope, refusal)(scope, receive, send)
            return
        most = self._most.get(scope["path"], self._elsewhere)
        refusal = problems.BodyTooLarge(f"the body is larger than {most} bytes, the limit of this server")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            await problems.respond(scope, refusal)(scope, receive, send)
            return
        taken = 0

        async def receive_within_limit() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise refusal
            return message

        await self.app(scope, receive_within_limit, send)
