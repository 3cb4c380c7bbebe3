"""The outermost layer: gives every request an id, logs it, and answers unexpected exceptions."""

from __future__ import annotations

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from grokscale.service import problems

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
"""An id that the caller sent is used if it can stand in a header and a log line as it is."""

log = structlog.stdlib.get_logger("grokscale.service.requests")


class RequestLog:
    """ASGI middleware: `X-Request-ID` in and out, one log line a request, a problem document for any exception."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                log.exception("failed", method=scope["method"], path=scope["path"])
                if status is not None:
                    raise  # the answer has begun: only breaking the connection says that it is not whole
                error = problems.ApiError(f"the server failed; its log has more under request id {request_id}")
                await problems.respond(scope, error)(scope, receive, send_with_id)
            finally:
                milliseconds = round(1000 * (time.perf_counter() - began), 1)
                log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if _ACCEPTED.fullmatch(given) else str(uuid7())
