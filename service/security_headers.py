"""Headers that tell browsers how to treat an answer: every answer, including errors and the documentation."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "Content-Security-Policy"
SEALED = "default-src 'none'"
"""For an answer without a policy of its own: it is data, which loads and runs nothing."""
EVERYWHERE = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""What `default-src` does not cover: who may frame the answer, where its forms are sent, and its base URL."""


class SecurityHeaders:
    """ASGI middleware: `nosniff` and a Content-Security-Policy on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers[POLICY] = f"{headers.get(POLICY, SEALED)}; {EVERYWHERE}"
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
